/**
 * What can go wrong with a session, as one error type with a stable `code`.
 *
 * A failure is said by the server in an `error` message, read from the close of a socket that
 * went without a word (the table below), or found by the client itself.
 */

import type { ServerError } from "./protocol.js";

/** Why the server refuses or ends a session; docs/protocol.md, "Closing". */
export type ServerErrorCode =
  | "bad_configuration"
  | "bad_message"
  | "client_too_slow"
  | "engine_fault"
  | "idle_timeout"
  | "internal"
  | "message_too_big"
  | "model_unavailable"
  | "not_authorised"
  | "origin_refused"
  | "overloaded"
  | "quota_exceeded"
  | "restarting"
  | "session_too_long"
  | "taken_over"
  | "unknown_session"
  | "unsupported_audio";

/** What the client finds to be wrong. */
export type ClientErrorCode =
  /** `abort()`, or a signal. */
  | "aborted"
  | "bad_option"
  | "bad_url"
  | "closed"
  | "connect_timeout"
  | "connection_lost"
  /** More messages than are kept wait to be read by a `for await`. */
  | "consumer_too_slow"
  | "going_away"
  /** Not possible in this state. */
  | "not_open"
  | "stop_timeout"
  /** `getToken` failed. */
  | "token_failed";

/** A server may be newer than this package: other codes are possible. */
export type ErrorCode = ServerErrorCode | ClientErrorCode | (string & {});

export interface ErrorFacts {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  retryAfterMs?: number | undefined;
  closeCode?: number | undefined;
  said?: boolean;
}

export class TranscriberError extends Error {
  override readonly name = "TranscriberError";
  /** Stable, for programs. */
  readonly code: ErrorCode;
  /** Whether trying again later, unchanged, can succeed. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** The WebSocket close code, where a close told of the failure. */
  readonly closeCode: number | undefined;
  /** Whether the server said so itself, in an `error` message. */
  readonly said: boolean;

  constructor(facts: ErrorFacts) {
    super(facts.message);
    this.code = facts.code;
    this.retryable = facts.retryable;
    this.retryAfterMs = facts.retryAfterMs;
    this.closeCode = facts.closeCode;
    this.said = facts.said ?? false;
  }

  static fromServer(said: ServerError, closeCode?: number): TranscriberError {
    return new TranscriberError({
      code: said.code,
      message: said.message || said.code,
      retryable: said.retryable,
      retryAfterMs: said.retry_after_ms,
      closeCode,
      said: true,
    });
  }

  /** The meaning of a close that no `error` message explained. */
  static fromClose(closeCode: number, reason: string): TranscriberError {
    const known = closes[closeCode];
    const retryable = known?.retryable ?? closeCode < 4000;
    return new TranscriberError({
      code: known?.code ?? "closed",
      message: reason || known?.message || `The server closed the connection (${closeCode}).`,
      retryable,
      closeCode,
    });
  }
}

interface CloseMeaning {
  code: ServerErrorCode | ClientErrorCode;
  message: string;
  retryable: boolean;
}

const closes: Readonly<Record<number, CloseMeaning>> = {
  1000: { code: "closed", message: "The server ended the session.", retryable: false },
  1001: { code: "going_away", message: "The server is going away.", retryable: true },
  1005: { code: "closed", message: "The server ended the session.", retryable: true },
  1006: { code: "connection_lost", message: "The connection was lost.", retryable: true },
  1009: { code: "message_too_big", message: "A message was too big.", retryable: false },
  1011: { code: "internal", message: "The server failed.", retryable: true },
  1012: { code: "restarting", message: "The server is restarting.", retryable: true },
  1013: { code: "overloaded", message: "The server is full.", retryable: true },
  4400: { code: "bad_message", message: "The server refused a message.", retryable: false },
  4401: { code: "not_authorised", message: "The server wants a key.", retryable: false },
  4403: { code: "origin_refused", message: "This page's address may not connect.", retryable: false },
  4408: { code: "idle_timeout", message: "No audio arrived for too long.", retryable: true },
  4409: { code: "taken_over", message: "The session goes on elsewhere.", retryable: false },
  4415: { code: "unsupported_audio", message: "The audio format is not supported.", retryable: false },
  4422: { code: "bad_configuration", message: "The server refused the settings.", retryable: false },
  4429: { code: "quota_exceeded", message: "The quota is used up.", retryable: true },
  4440: { code: "session_too_long", message: "The session reached its longest time.", retryable: true },
  4460: { code: "client_too_slow", message: "This client reads too slowly.", retryable: true },
};
