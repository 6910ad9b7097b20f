/**
 * Messages waiting for one `for await` reader.
 *
 * Bounded: a newer partial replaces an unread one of its segment; past the bound the reader is
 * told that it was too slow, rather than losing finals silently.
 */

import type { AudioLost, Reconnected } from "./continuity.js";
import { TranscriberError } from "./errors.js";
import type { ServerMessage } from "./protocol.js";

/** What is told in order: the server's messages, and what a lost connection made of the stream. */
export type FeedMessage = Exclude<ServerMessage, { type: "error" }> | AudioLost | Reconnected;

const CAPACITY = 4096;

export class Feed implements AsyncIterableIterator<FeedMessage> {
  readonly #waiting: FeedMessage[] = [];
  readonly #onReturn: (feed: Feed) => void;
  #wake: (() => void) | undefined;
  #over = false;
  #error: TranscriberError | undefined;

  constructor(onReturn: (feed: Feed) => void) {
    this.#onReturn = onReturn;
  }

  push(message: FeedMessage): void {
    if (this.#over) return;
    const stale = message.type === "partial" ? this.#unreadPartialOf(message.segment) : -1;
    if (stale >= 0) this.#waiting[stale] = message;
    else this.#waiting.push(message);
    if (this.#waiting.length > CAPACITY) {
      this.close(
        new TranscriberError({
          code: "consumer_too_slow",
          message: `More than ${CAPACITY} messages were waiting to be read.`,
          retryable: false,
        }),
      );
    }
    this.#wake?.();
  }

  /** No more messages; those waiting are still read, then `error` (if any) is thrown once. */
  close(error?: TranscriberError): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#wake?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<FeedMessage, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#over) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<FeedMessage, undefined>> {
    this.#over = true;
    this.#error = undefined;
    this.#waiting.length = 0;
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  #unreadPartialOf(segment: number): number {
    for (let i = this.#waiting.length - 1; i >= 0; i -= 1) {
      const waiting = this.#waiting[i];
      if (waiting?.type === "partial" && waiting.segment === segment) return i;
    }
    return -1;
  }
}
