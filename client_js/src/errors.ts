/**
 * What can go wrong with a session, as one error type with a stable `code`.
 *
 *   TranscriberError
 *     said by the server   the `code` of its `error` message (`overloaded`, `quota`, …)
 *     read from the close  when a socket closes without a word: the table below
 *     found by the client  `connect_timeout`, `connection_lost`, `stop_timeout`,
 *                          `not_open`, `aborted`, `consumer_too_slow`, `bad_option`,
 *                          `token_failed`
 */

import type { ServerError } from "./protocol.js";

export interface ErrorFacts {
  code: string;
  message: string;
  retryable: boolean;
  retryAfterMs?: number | undefined;
  closeCode?: number | undefined;
  said?: boolean;
}

export class TranscriberError extends Error {
  override readonly name = "TranscriberError";
  /** Stable, for programs. */
  readonly code: string;
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
  code: string;
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
  4401: { code: "unauthorized", message: "The server wants a key.", retryable: false },
  4403: { code: "forbidden_origin", message: "This page's address may not connect.", retryable: false },
  4408: { code: "idle", message: "No audio arrived for too long.", retryable: false },
  4409: { code: "taken_over", message: "The session goes on elsewhere.", retryable: false },
  4415: { code: "unsupported_audio", message: "The audio format is not supported.", retryable: false },
  4422: { code: "bad_configuration", message: "The server refused the settings.", retryable: false },
  4429: { code: "quota", message: "The quota is used up.", retryable: false },
  4440: { code: "session_too_long", message: "The session reached its longest time.", retryable: false },
  4460: { code: "client_too_slow", message: "This client reads too slowly.", retryable: false },
};
