/** Each failure in plain words, with what to do about it. Pure. */

import { CaptureError } from "../src/capture.js";
import { TranscriberError } from "../src/index.js";
import type { FailureKind } from "./messages/index.js";
import type { Given } from "./messages/given.js";
import type { Say } from "./say.js";

export interface Explanation {
  kind: FailureKind;
  title: string;
  advice: string[];
}

/** What the page itself finds to be wrong, or is told over HTTP. */
export class PageError extends Error {
  override readonly name = "PageError";
  readonly kind: FailureKind;
  /** The server's own words, where it had any. */
  readonly said: string;
  readonly retryAfterMs: number;

  constructor(kind: FailureKind, said = "", retryAfterMs = 0) {
    super(said || kind);
    this.kind = kind;
    this.said = said;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Surroundings {
  /** The page's own address, for advice that names it. */
  origin: string;
  /** Whether the device is known to be without a network. */
  offline: boolean;
  /** Whether one microphone had been chosen among several. */
  chosenDevice: boolean;
}

const WANTS_KEY = 4401;

/** Whether a key, or another one, is what the server lets in. */
export function wantsKey(error: unknown): boolean {
  if (error instanceof PageError) return error.kind === "wants_key";
  return error instanceof TranscriberError && error.closeCode === WANTS_KEY;
}

export function explain(error: unknown, around: Surroundings, say: Say): Explanation {
  const kind = kindOf(error, around);
  const [title = "", ...advice] = say.messages.failures[kind](givenBy(error, around, say));
  return { kind, title, advice: advice.filter((line) => line !== "") };
}

function kindOf(error: unknown, around: Surroundings): FailureKind {
  if (error instanceof PageError)
    return error.kind === "unreachable" && around.offline ? "offline" : error.kind;
  if (error instanceof CaptureError) {
    if (error.code === "no_device" && around.chosenDevice) return "chosen_device_gone";
    return error.code === "aborted" ? "unexpected" : error.code;
  }
  if (error instanceof TranscriberError) {
    const kind = byCode[error.code] ?? byClose[error.closeCode ?? 0] ?? (error.retryable ? "interrupted" : "refused");
    return kind === "unreachable" && around.offline ? "offline" : kind;
  }
  return "unexpected";
}

const byCode: Readonly<Record<string, FailureKind>> = {
  overloaded: "overloaded",
  restarting: "restarting",
  draining: "restarting",
  going_away: "restarting",
  connection_lost: "unreachable",
  connect_timeout: "unreachable",
  closed: "unreachable",
  too_slow: "too_slow",
  client_too_slow: "too_slow",
  stop_timeout: "stop_timeout",
  internal: "internal",
  engine_fault: "internal",
  model_unavailable: "model_unavailable",
  idle_timeout: "idle_timeout",
  taken_over: "taken_over",
  session_too_long: "session_too_long",
  unsupported_audio: "unsupported_audio",
};

const byClose: Readonly<Record<number, FailureKind>> = {
  [WANTS_KEY]: "wants_key",
  4403: "origin_refused",
  4408: "idle_timeout",
  4409: "taken_over",
  4415: "unsupported_audio",
  4429: "quota",
  4440: "session_too_long",
};

function givenBy(error: unknown, { origin }: Surroundings, say: Say): Given {
  const { later, said } = say.messages;
  if (error instanceof TranscriberError || error instanceof PageError) {
    const own = error instanceof PageError ? error.said : error.message;
    const afterMs = roughly(error.retryAfterMs ?? 0);
    return {
      port: port(origin),
      said: own === "" ? "" : said(own),
      later: afterMs > 0 ? later.in(say.time(afterMs)) : later.soon,
      detail: own,
    };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { port: port(origin), said: "", later: later.soon, detail };
}

/** Nobody waits by the second for what takes minutes. */
function roughly(ms: number): number {
  return ms < 90_000 ? ms : Math.ceil(ms / 60_000) * 60_000;
}

function port(origin: string): string {
  try {
    return new URL(origin).port || "8000";
  } catch {
    return "8000";
  }
}
