/**
 * Text frames of the server → messages.
 *
 * Tolerant: unknown fields are dropped, unknown types and damaged messages come back as
 * `undefined`, and it never throws.
 */

import type { Limits, ServerMessage, SpeechEdge } from "./protocol.js";

/** Reads one text frame; `undefined` for anything this version does not understand. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  return parseNumbered(text)[0];
}

/** The message, and its number among those that last, if it has one. */
export function parseNumbered(text: string): [ServerMessage | undefined, number | undefined] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [undefined, undefined];
  }
  if (!isRecord(value) || typeof value["type"] !== "string") return [undefined, undefined];
  const { seq, ...fields } = value;
  const known = Object.hasOwn(readers, value["type"]);
  const read = readers[value["type"] as keyof typeof readers];
  return [
    known ? read(new Fields(fields)) : undefined,
    typeof seq === "number" ? seq : undefined,
  ];
}

type Reader = (f: Fields) => ServerMessage | undefined;

const readers: Record<ServerMessage["type"], Reader> = {
  started: (f) => ({
    type: "started",
    session_id: f.text("session_id"),
    model: f.text("model"),
    device: f.text("device"),
    language: f.text("language", "auto"),
    limits: readLimits(f.record("limits")),
    ...f.optionalText("resume_token"),
    ...f.optionalText("partial_model"),
    ...f.optionalNumber("resumed_from_ms"),
  }),
  queued: (f) => ({ type: "queued", position: f.number("position"), eta_ms: f.number("eta_ms") }),
  speech_started: (f) => readEdge("speech_started", f),
  speech_ended: (f) => readEdge("speech_ended", f),
  partial: (f) => {
    if (!f.has("segment", "number")) return undefined;
    const whole = f.text("text");
    // A server that only sends `text` has nothing it would swear to yet.
    const split = f.has("committed", "string") || f.has("tentative", "string");
    return {
      type: "partial",
      segment: f.number("segment"),
      revision: f.number("revision"),
      channel: f.number("channel"),
      start_ms: f.number("start_ms"),
      end_ms: f.number("end_ms"),
      text: whole,
      committed: f.text("committed"),
      tentative: split ? f.text("tentative") : whole,
      language: f.text("language"),
    };
  },
  final: (f) => {
    if (!f.has("segment", "number")) return undefined;
    return {
      type: "final",
      segment: f.number("segment"),
      channel: f.number("channel"),
      start_ms: f.number("start_ms"),
      end_ms: f.number("end_ms"),
      text: f.text("text"),
      confidence: f.number("confidence"),
      language: f.text("language"),
      language_confidence: f.number("language_confidence"),
      reason: f.text("reason"),
      words: f.records("words").map((w) => ({
        text: w.text("text"),
        start_ms: w.number("start_ms"),
        end_ms: w.number("end_ms"),
        confidence: w.number("confidence"),
      })),
    };
  },
  finalized: (f) => ({
    type: "finalized",
    id: f.text("id"),
    through_ms: f.number("through_ms"),
  }),
  ack: (f) => ({
    type: "ack",
    received_ms: f.number("received_ms"),
    decoded_ms: f.number("decoded_ms"),
  }),
  language: (f) => ({
    type: "language",
    channel: f.number("channel"),
    language: f.text("language"),
    confidence: f.number("confidence"),
  }),
  warning: (f) => ({
    type: "warning",
    code: f.text("code"),
    message: f.text("message"),
    detail: f.without("type", "code", "message"),
  }),
  error: (f) => ({
    type: "error",
    code: f.text("code", "unknown"),
    message: f.text("message"),
    retryable: f.flag("retryable"),
    ...f.optionalNumber("retry_after_ms"),
  }),
  ended: (f) => ({
    type: "ended",
    audio_ms: f.number("audio_ms"),
    segments: f.number("segments"),
    words: f.number("words"),
  }),
};

function readEdge(type: SpeechEdge["type"], f: Fields): SpeechEdge {
  return { type, channel: f.number("channel"), at_ms: f.number("at_ms") };
}

function readLimits(f: Fields): Limits {
  return {
    max_session_ms: f.number("max_session_ms"),
    max_idle_ms: f.number("max_idle_ms"),
    max_message_bytes: f.number("max_message_bytes"),
    max_backlog_ms: f.number("max_backlog_ms"),
    max_bytes_per_s: f.number("max_bytes_per_s"),
    max_sessions: f.number("max_sessions"),
    audio_ms_per_hour: f.number("audio_ms_per_hour"),
    ...f.optionalNumber("audio_ms_left"),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One JSON object, read field by field with a fall-back for what is absent or of another kind. */
class Fields {
  readonly #fields: Record<string, unknown>;

  constructor(fields: Record<string, unknown>) {
    this.#fields = fields;
  }

  has(name: string, kind: "string" | "number"): boolean {
    return typeof this.#fields[name] === kind;
  }

  text(name: string, fallback = ""): string {
    const value = this.#fields[name];
    return typeof value === "string" ? value : fallback;
  }

  number(name: string): number {
    const value = this.#fields[name];
    return typeof value === "number" && Number.isFinite(value) ? value : 0;
  }

  flag(name: string): boolean {
    return this.#fields[name] === true;
  }

  optionalText<K extends string>(name: K): { [P in K]?: string } {
    const value = this.#fields[name];
    return (typeof value === "string" ? { [name]: value } : {}) as { [P in K]?: string };
  }

  optionalNumber<K extends string>(name: K): { [P in K]?: number } {
    const value = this.#fields[name];
    return (typeof value === "number" ? { [name]: value } : {}) as { [P in K]?: number };
  }

  record(name: string): Fields {
    const value = this.#fields[name];
    return new Fields(isRecord(value) ? value : {});
  }

  records(name: string): Fields[] {
    const value = this.#fields[name];
    return Array.isArray(value) ? value.filter(isRecord).map((item) => new Fields(item)) : [];
  }

  without(...names: string[]): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.#fields).filter(([k]) => !names.includes(k)));
  }
}
