/**
 * A recording to the server's `/v1/audio/transcriptions`, and its text back while it is heard.
 *
 * XMLHttpRequest, since `fetch` does not tell how much of an upload has been sent.
 */

import { PageError } from "./failures.js";
import type { FailureKind } from "./messages/index.js";
import { SseReader } from "./sse.js";

export interface UploadOptions {
  file: File;
  /** Address of the server. */
  origin: string;
  token: string | undefined;
  language: string;
  task: "transcribe" | "translate";
  hotwords: readonly string[];
}

export interface HeardWord {
  text: string;
  start_ms: number;
  end_ms: number;
  confidence: number;
}

/** What was said next. */
export interface Piece {
  text: string;
  startMs: number;
  endMs: number;
  language: string;
  confidence: number;
  words: HeardWord[];
}

export interface UploadHandlers {
  /** How much of the upload has left, 0 to 1; at 1 the server has it. */
  sent(share: number): void;
  /** How much of the recording has been heard, 0 to 1, as far as its length is known. */
  heard(share: number | undefined): void;
  piece(piece: Piece): void;
}

/** Resolves with whether a part of the recording could not be read; rejects with a `PageError`. */
export function upload(options: UploadOptions, tell: UploadHandlers, signal: AbortSignal): Promise<{ damaged: boolean }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const events = new SseReader();
    let end: { damaged: boolean } | undefined;
    let failure: PageError | undefined;
    const read = () => {
      if (request.status !== 200) return;
      for (const data of events.take(request.responseText)) {
        const event = parsed(data);
        if (event["type"] === "transcript.progress" && event["status"] === "running") tell.heard(shareOf(event));
        if (event["type"] === "transcript.segment") tell.piece(pieceOf(event));
        if (event["type"] === "transcript.text.done") end = { damaged: event["warning"] !== undefined };
        if (event["type"] === "error") failure = refusal(500, event);
      }
    };
    request.upload.onprogress = ({ loaded, total }) => tell.sent(total > 0 ? loaded / total : 0);
    request.upload.onload = () => tell.sent(1);
    request.onprogress = read;
    request.onload = () => {
      read();
      if (request.status !== 200) reject(refusal(request.status, parsed(request.responseText)));
      else if (end === undefined) reject(failure ?? new PageError("unreachable"));
      else resolve(end);
    };
    request.onerror = () => reject(failure ?? new PageError("unreachable"));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const kind = options.task === "translate" ? "translations" : "transcriptions";
    request.open("POST", new URL(`/v1/audio/${kind}`, options.origin));
    if (options.token !== undefined) request.setRequestHeader("Authorization", `Bearer ${options.token}`);
    request.send(formOf(options));
  });
}

function formOf({ file, language, hotwords }: UploadOptions): FormData {
  const form = new FormData();
  form.append("model", "whisper-1");
  form.append("stream", "true");
  // This server's own: how far it is, and when each word was said.
  form.append("progress", "true");
  if (language !== "auto") form.append("language", language);
  for (const word of hotwords) form.append("hotwords", word);
  form.append("file", file, file.name);
  return form;
}

type Fields = Readonly<Record<string, unknown>>;

function shareOf({ decoded_ms, duration_ms }: Fields): number | undefined {
  const [done, whole] = [number(decoded_ms), number(duration_ms)];
  return whole > 0 ? Math.min(1, done / whole) : undefined;
}

function pieceOf(event: Fields): Piece {
  const startMs = number(event["start_ms"]);
  return {
    text: text(event["text"]).trim(),
    startMs,
    endMs: Math.max(startMs, number(event["end_ms"])),
    language: text(event["language"]),
    confidence: number(event["confidence"]),
    words: list(event["words"]).map((word) => ({
      text: text(word["text"]),
      start_ms: number(word["start_ms"]),
      end_ms: number(word["end_ms"]),
      confidence: number(word["confidence"]),
    })),
  };
}

/** What an answer that is none means to the reader; `body` is OpenAI's form of an error. */
export function refusal(status: number, body: Fields): PageError {
  const error = (typeof body["error"] === "object" && body["error"] !== null ? body["error"] : {}) as Fields;
  const message = typeof error["message"] === "string" ? error["message"] : "";
  return new PageError(byCode[String(error["code"])] ?? byStatus[status] ?? "refused", message);
}

const byCode: Readonly<Record<string, FailureKind>> = {
  bad_media: "not_media",
  session_too_long: "too_big",
  message_too_big: "too_big",
  overloaded: "overloaded",
  restarting: "restarting",
  model_unavailable: "model_unavailable",
};

const byStatus: Readonly<Record<number, FailureKind>> = {
  401: "wants_key",
  403: "origin_refused",
  404: "no_recordings",
  408: "too_slow",
  413: "too_big",
  429: "quota",
  500: "internal",
  502: "unreachable",
  503: "overloaded",
  504: "unreachable",
  507: "storage_full",
};

function parsed(json: string): Fields {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : [];
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
