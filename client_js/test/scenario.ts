/**
 * The shared conformance suite: ../tests/conformance/scenarios/*.json, its sound, its short forms
 * and its judgement. The Python client's half is tests/conformance/scenario.py.
 */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

export type Json = Record<string, unknown>;
export type Step = Json;

export interface Scenario {
  name: string;
  audio?: Partial<Format>;
  client?: { buffer_ms?: number; overflow?: "wait" | "drop_oldest"; reconnect?: boolean };
  start?: Json;
  server: Step[][];
  do: Step[];
  connect_fails?: string;
  fails?: string | true;
  hear_only?: string[];
  events: (string | Json)[];
  connections?: Json[];
}

interface Format {
  encoding: "pcm_s16le" | "mulaw";
  sample_rate: number;
  channels: number;
}

/** `npm test` runs in the package's folder. */
const folder = path.resolve("../tests/conformance/scenarios");

export function scenarios(): Scenario[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .flatMap((file) => {
      const list = JSON.parse(readFileSync(path.join(folder, file), "utf8")) as Scenario[];
      return list.map((it) => ({ ...it, name: `${path.basename(file, ".json")}: ${it.name}` }));
    });
}

/** Sound in which each frame can be told from its neighbours. */
export class Signal {
  readonly format: Format;

  constructor(format: Partial<Format> = {}) {
    this.format = { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, ...format };
  }

  get width(): number {
    return this.format.encoding === "pcm_s16le" ? 2 : 1;
  }

  get frameBytes(): number {
    return this.format.channels * this.width;
  }

  frames(ms: number): number {
    return Math.floor((ms * this.format.sample_rate) / 1000);
  }

  ms(bytes: number): number {
    return Math.floor((Math.floor(bytes / this.frameBytes) * 1000) / this.format.sample_rate);
  }

  sound(startMs: number, endMs: number, muted: readonly number[] = []): Buffer {
    const [start, end] = [this.frames(startMs), this.frames(endMs)];
    const made = this.silence(end - start);
    for (let frame = start; frame < end; frame += 1)
      for (let channel = 0; channel < this.format.channels; channel += 1) {
        if (muted.includes(channel)) continue;
        const at = (frame - start) * this.frameBytes + channel * this.width;
        if (this.width === 2) made.writeUInt16LE((frame % 30_011) + 1, at);
        else made[at] = (frame % 199) + 1;
      }
    return made;
  }

  silence(frames: number): Buffer {
    return Buffer.alloc(frames * this.frameBytes, this.width === 2 ? 0 : 0xff);
  }

  expected(parts: readonly unknown[]): Buffer {
    return Buffer.concat(
      parts.map((part) => {
        if (Array.isArray(part)) return this.sound(part[0] as number, part[1] as number);
        const { silence, from, to, muted } = part as Record<string, never>;
        return silence === undefined
          ? this.sound(from as unknown as number, to as unknown as number, muted)
          : this.silence(this.frames(silence));
      }),
    );
  }
}

/** An event of a script: a short form such as `{"ack": [1000, 500]}`, or as on the wire. */
export function event(told: Step): Json {
  const list = (name: string) => told[name] as never[] | undefined;
  const seq = "seq" in told ? { seq: told["seq"] } : {};
  if (told["partial"] !== undefined) {
    const [segment, revision, start_ms, end_ms, text, channel = 0] = list("partial") ?? [];
    const tail = { text, committed: "", tentative: text, language: "en" };
    return { type: "partial", channel, segment, revision, start_ms, end_ms, ...tail, ...seq };
  }
  if (told["final"] !== undefined) {
    const [segment, start_ms, end_ms, text, channel = 0] = list("final") ?? [];
    const sure = { confidence: 0.9, language: "en", language_confidence: 1, reason: "silence" };
    return { type: "final", channel, segment, start_ms, end_ms, text, ...sure, ...seq };
  }
  if (told["ack"] !== undefined) {
    const [received_ms, decoded_ms] = list("ack") ?? [];
    return { type: "ack", received_ms, decoded_ms, ...seq };
  }
  if (told["error"] !== undefined) return { type: "error", ...(told["error"] as Json) };
  if (told["say"] !== undefined) return { ...(told["say"] as Json), ...seq };
  throw new Error(`no event: ${JSON.stringify(told)}`);
}

export function started(fields: Json): Json {
  return {
    type: "started", session_id: "s1", resume_token: "t1", model: "scripted", device: "none",
    language: "en", limits: {}, ...fields,
  };
}

export function wanted(expected: string | Json): Json {
  return typeof expected === "string" ? { type: expected } : expected;
}

/** Whether an event is the expected one: every field named is as it says. */
export function fits(told: Json, expected: string | Json): boolean {
  const { delay_at_least_ms, delay_at_most_ms, waits, detail, ...fields } = wanted(expected);
  const delay = told["delay_ms"] as number | undefined;
  if (delay_at_least_ms !== undefined && !((delay ?? 0) >= (delay_at_least_ms as number))) return false;
  if (delay_at_most_ms !== undefined && !((delay ?? 0) <= (delay_at_most_ms as number))) return false;
  if (waits === true && delay !== undefined) return false;
  const given = (told["detail"] ?? {}) as Json;
  const same = (a: Json, b: Json) => Object.entries(b).every(([name, value]) => isDeepStrictEqual(a[name], value));
  return same(given, (detail ?? {}) as Json) && same(told, fields);
}
