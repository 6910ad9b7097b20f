/**
 * One WebSocket from opening to close. A transcriber uses one at a time.
 *
 * Tells its owner of each message, and of the end exactly once, with the reason.
 */

import { TranscriberError } from "./errors.js";
import { parseNumbered } from "./parser.js";
import type { ClientMessage, ServerMessage } from "./protocol.js";

/** The part of the standard WebSocket that is used, so that Node's `ws` fits as well. */
export interface SocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type SocketConstructor = new (url: string, protocols?: string[]) => SocketLike;

export interface LinkHandlers {
  message(message: Exclude<ServerMessage, { type: "error" }>): void;
  /** Whether a numbered message is news, rather than one told again. */
  count(seq: number): boolean;
  closed(error: TranscriberError): void;
}

/** How long a server that said `error` may take to close before we do. */
const CLOSE_GRACE_MS = 2000;
const OPEN = 1;

export class Link {
  readonly #socket: SocketLike;
  readonly #handlers: LinkHandlers;
  #failure: TranscriberError | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(
    Socket: SocketConstructor,
    url: string,
    protocols: string[],
    start: ClientMessage,
    handlers: LinkHandlers,
  ) {
    this.#handlers = handlers;
    this.#socket = protocols.length > 0 ? new Socket(url, protocols) : new Socket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.send(start);
    this.#socket.onmessage = (event: { data: unknown }) => this.#receive(event.data);
    this.#socket.onclose = (event: { code: number; reason: string }) =>
      this.#finish(TranscriberError.fromClose(event.code, event.reason));
    // Always followed by a close event, which is the one that says more.
    this.#socket.onerror = () => undefined;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: ClientMessage | Uint8Array): void {
    if (this.#socket.readyState !== OPEN) return;
    const bytes = message instanceof Uint8Array;
    this.#socket.send(bytes ? (message as Uint8Array<ArrayBuffer>) : JSON.stringify(message));
  }

  /** Ends the link for a reason of our own. */
  fail(error: TranscriberError): void {
    this.#failure ??= error;
    this.#socket.close(1000);
    this.#finish(error);
  }

  /** Ends the link without telling the owner. */
  discard(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket.close(1000);
  }

  #receive(data: unknown): void {
    if (this.#over || typeof data !== "string") return;
    const [message, seq] = parseNumbered(data);
    if (seq !== undefined && !this.#handlers.count(seq)) return;
    if (message === undefined) return;
    if (message.type !== "error") {
      this.#handlers.message(message);
      return;
    }
    const failure = TranscriberError.fromServer(message);
    this.#failure ??= failure;
    this.#timer = setTimeout(() => this.fail(failure), CLOSE_GRACE_MS);
  }

  #finish(error: TranscriberError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const said = this.#failure;
    if (said === undefined) this.#handlers.closed(error);
    else {
      // The words come from the server's message, the number from the close that followed.
      const closeCode = error.closeCode ?? said.closeCode;
      this.#handlers.closed(new TranscriberError({ ...facts(said), closeCode }));
    }
  }
}

function facts(error: TranscriberError) {
  const { code, message, retryable, retryAfterMs, said } = error;
  return { code, message, retryable, retryAfterMs, said };
}
