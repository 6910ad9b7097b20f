/**
 * A live transcription: audio in, messages out, over as many connections as it takes.
 *
 *   const t = createTranscriber({ url: "ws://127.0.0.1:8000", language: "en" });
 *   t.on("final", (f) => console.log(f.text));
 *   await t.connect();
 *   t.send(pcm);            // any chunk size, also before connect() has resolved
 *   await t.stop();         // sends `end`, resolves when every final has arrived
 */

import { backoffMs } from "./backoff.js";
import { Emitter } from "./emitter.js";
import { TranscriberError } from "./errors.js";
import { Feed, type FeedMessage } from "./feed.js";
import { Link } from "./link.js";
import { readOptions, type Settings, type TranscriberOptions } from "./options.js";
import type { ConfigureOptions, Ended, Finalized, ServerMessage, Started } from "./protocol.js";
import { ReplayBuffer } from "./replay.js";
import { StateMachine, type State } from "./state.js";
import { Timeline } from "./timeline.js";

type MessageEvents = {
  [T in Exclude<ServerMessage["type"], "error">]: Extract<ServerMessage, { type: T }>;
};

export interface TranscriberEvents extends MessageEvents {
  /** Every message of the server, in order. */
  message: FeedMessage;
  state: { from: State; to: State };
  /** The connection is gone; the next try starts after `delay_ms`. */
  reconnecting: { attempt: number; delay_ms: number; error: TranscriberError };
  /** A new session took over; `lost_ms` of audio could not be kept for it. */
  reconnected: { lost_ms: number };
  /** The failure that closed the transcriber. */
  error: TranscriberError;
  /** The end, with the failure if there was one. */
  closed: { error: TranscriberError | undefined };
}

export function createTranscriber(options: TranscriberOptions): Transcriber {
  return new Transcriber(options);
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: TranscriberError): void;
}

export class Transcriber extends Emitter<TranscriberEvents> {
  readonly #settings: Settings;
  readonly #machine = new StateMachine();
  readonly #replay: ReplayBuffer;
  readonly #timeline = new Timeline();
  readonly #feeds = new Set<Feed>();
  readonly #finalizes = new Map<string, Deferred<Finalized>>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #link: Link | undefined;
  #connected: Deferred<Started> | undefined;
  #stopped: Deferred<Ended | undefined> | undefined;
  #attempt = 0;
  #lostBytes = 0;
  #nextFinalize = 0;
  /** Whether this server sends `ack`, and whether it owes us an answer. */
  #acknowledges = false;
  #owed = false;

  constructor(options: TranscriberOptions) {
    super();
    this.#settings = readOptions(options);
    this.#replay = new ReplayBuffer(this.#settings.bufferBytes, this.#settings.frameBytes);
  }

  get state(): State {
    return this.#machine.state;
  }

  /** Milliseconds of audio taken by `send` so far, in the time of all messages. */
  get sentMs(): number {
    return this.#replay.end / this.#settings.bytesPerMs;
  }

  /** Opens the session; rejects with a `TranscriberError` when the server refuses or is not there. */
  connect(): Promise<Started> {
    if (this.state !== "idle") throw notOpen("connect", this.state);
    this.#move("connecting");
    this.#connected = deferred();
    this.#open();
    return this.#connected.promise;
  }

  /**
   * Takes audio in the format agreed on. `false` means the buffers are full and the chunk was
   * not taken: wait for `ready()` and send it again.
   */
  send(audio: ArrayBuffer | ArrayBufferView): boolean {
    if (this.#stopped !== undefined || this.state === "closed") throw notOpen("send", this.state);
    const chunk = bytesOf(audio);
    if (chunk.byteLength > this.#replay.capacity) throw tooLong(chunk.byteLength);
    if (this.#settings.overflow === "drop_oldest") {
      const given = this.#replay.appendLive(chunk);
      this.#lostBytes += given;
      // The server's clock counts what it received, so a hole needs a new session to be honest.
      if (given > 0 && this.state === "open") this.#link?.fail(tooSlow());
    } else if (!this.#replay.append(chunk)) return false;
    this.#pump();
    return true;
  }

  /** Resolves when there is room for audio again, and when the session is over. */
  async ready(): Promise<void> {
    while (this.state !== "closed" && this.#replay.unsent > this.#settings.bufferBytes / 2) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      this.#pump();
    }
  }

  /** Asks for all audio sent so far to be decoded now; resolves when its finals have arrived. */
  finalize(): Promise<Finalized> {
    if (this.state !== "open") throw notOpen("finalize", this.state);
    const id = String((this.#nextFinalize += 1));
    const waiting = deferred<Finalized>();
    this.#finalizes.set(id, waiting);
    this.#link?.send({ type: "finalize", id });
    return waiting.promise;
  }

  /** Changes settings from the next segment on. */
  configure(options: ConfigureOptions): void {
    const { session } = this.#settings;
    if (options.language !== undefined || options.languages !== undefined) {
      delete session.language; // the two belong together: who sends one says both
      delete session.languages;
    }
    Object.assign(session, options);
    if (this.state === "open") this.#link?.send({ type: "configure", ...options });
  }

  /** Says that no more audio comes; resolves when every final has arrived. */
  stop(): Promise<Ended | undefined> {
    if (this.#stopped !== undefined) return this.#stopped.promise;
    this.#stopped = deferred();
    const { promise } = this.#stopped;
    if (this.state === "idle" || this.state === "closed") this.#close(undefined);
    else this.#after("stop", this.#settings.stopTimeoutMs, () => this.#close(stopTimeout()));
    this.#finishSending();
    return promise;
  }

  /** Ends at once; what was not yet final is given up. */
  abort(): void {
    if (this.state === "closed") return;
    this.#link?.discard();
    this.#close(aborted());
  }

  /** The messages from now on; throws the session's failure at its end, if there was one. */
  [Symbol.asyncIterator](): AsyncIterableIterator<FeedMessage> {
    const feed = new Feed((done) => this.#feeds.delete(done));
    if (this.state === "closed") feed.close();
    else this.#feeds.add(feed);
    return feed;
  }

  #open(): void {
    const { WebSocket, url, protocols, audio, token, session } = this.#settings;
    const start = { type: "start" as const, audio, ...session, ...(token ? { token } : {}) };
    try {
      this.#link = new Link(WebSocket, url, protocols, start, {
        message: (message) => this.#receive(message),
        closed: (error) => this.#linkClosed(error),
      });
    } catch (cause) {
      // A page on https may not open ws:, for one.
      this.#close(new TranscriberError({ code: "bad_url", message: String(cause), retryable: false }));
      return;
    }
    this.#after("connect", this.#settings.connectTimeoutMs, () =>
      this.#link?.fail(connectTimeout()),
    );
  }

  #receive(message: FeedMessage): void {
    this.#owed = false;
    this.#clear("silence");
    if (message.type === "ack") this.#acknowledges = true;
    if (message.type === "started") this.#sessionStarted(message);
    // Waiting in the server's queue is not a connection that hangs.
    if (message.type === "queued") this.#clear("connect");
    const told = this.#timeline.rebase(message);
    this.#replay.release(Math.floor(this.#timeline.doneMs * this.#settings.bytesPerMs));
    this.emit(told.type, told as never);
    this.emit("message", told);
    for (const feed of this.#feeds) feed.push(told);
    if (told.type === "finalized") {
      this.#finalizes.get(told.id)?.resolve(told);
      this.#finalizes.delete(told.id);
    }
    // An end nobody asked for is explained by the close that follows it.
    if (told.type === "ended" && this.state === "stopping") {
      this.#stopped?.resolve(told);
      this.#close(undefined);
    }
    this.#pump();
  }

  #sessionStarted(message: Started): void {
    this.#clear("connect");
    const { bytesPerMs } = this.#settings;
    const backlogMs = message.limits.max_backlog_ms;
    const before = this.#replay.start;
    // Some of the server's allowance is left for what is spoken during the replay.
    this.#replay.rewind(backlogMs > 0 ? Math.floor(backlogMs * 0.8) * bytesPerMs : Infinity);
    this.#lostBytes += this.#replay.start - before;
    this.#timeline.restart(Math.round(this.#replay.start / bytesPerMs));
    this.#attempt = 0;
    const again = this.state === "reconnecting";
    this.#move("open");
    this.#connected?.resolve(message);
    if (again) this.emit("reconnected", { lost_ms: Math.round(this.#lostBytes / bytesPerMs) });
    this.#lostBytes = 0;
    this.#pump();
    this.#finishSending();
  }

  #linkClosed(error: TranscriberError): void {
    this.#link = undefined;
    this.#acknowledges = this.#owed = false;
    for (const name of ["connect", "retry", "silence", "finish"]) this.#clear(name);
    const { backoff } = this.#settings;
    // A first connection that fails is the caller's to judge.
    const mayRetry = backoff !== undefined && error.retryable && this.state !== "connecting";
    const delay = mayRetry ? backoffMs(this.#attempt, backoff, error.retryAfterMs) : undefined;
    if (delay === undefined) {
      this.#close(error);
      return;
    }
    if (this.state !== "reconnecting") this.#move("reconnecting");
    this.#attempt += 1;
    this.emit("reconnecting", { attempt: this.#attempt, delay_ms: delay, error });
    // A listener may have given up in the meantime.
    if (this.state === "reconnecting") this.#after("retry", delay, () => this.#open());
  }

  /** Sends `end` once it was asked for and everything before it is on its way. */
  #finishSending(): void {
    if (this.#stopped === undefined || this.state !== "open") return;
    if (this.#replay.unsent > 0) {
      this.#after("finish", 20, () => {
        this.#pump();
        this.#finishSending();
      });
      return;
    }
    this.#move("stopping");
    this.#link?.send({ type: "end" });
  }

  #pump(): void {
    const link = this.#link;
    if (this.state !== "open" || link === undefined) return;
    while (link.bufferedAmount < this.#settings.maxBufferedBytes) {
      const chunk = this.#replay.next();
      if (chunk === undefined) return;
      link.sendAudio(chunk);
      this.#expectAnswer();
    }
  }

  /** A dead network closes no socket: only the missing acknowledgements tell of it. */
  #expectAnswer(): void {
    if (!this.#acknowledges || this.#owed) return;
    this.#owed = true;
    this.#after("silence", this.#settings.silenceTimeoutMs, () => this.#link?.fail(lost()));
  }

  #close(error: TranscriberError | undefined): void {
    if (this.state === "closed") return;
    for (const name of [...this.#timers.keys()]) this.#clear(name);
    this.#link?.discard();
    this.#link = undefined;
    this.#move("closed");
    const reason = error ?? notOpen("wait", "closed");
    this.#connected?.reject(reason);
    for (const waiting of this.#finalizes.values()) waiting.reject(reason);
    this.#finalizes.clear();
    if (error === undefined) this.#stopped?.resolve(undefined);
    else this.#stopped?.reject(error);
    const loud = error !== undefined && error.code !== "aborted" ? error : undefined;
    for (const feed of this.#feeds) feed.close(loud);
    if (loud !== undefined) this.emit("error", loud);
    this.emit("closed", { error });
  }

  #move(to: State): void {
    const from = this.#machine.move(to);
    this.emit("state", { from, to });
  }

  #after(name: string, ms: number, run: () => void): void {
    this.#clear(name);
    this.#timers.set(name, setTimeout(run, ms));
  }

  #clear(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}

function deferred<T>(): Deferred<T> {
  const made = {} as Deferred<T>;
  made.promise = new Promise<T>((resolve, reject) => Object.assign(made, { resolve, reject }));
  // Who never asked for the promise is told by the `error` event instead.
  made.promise.catch(() => undefined);
  return made;
}

function bytesOf(audio: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(audio)
    ? new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength)
    : new Uint8Array(audio);
}

function failure(code: string, message: string, retryable: boolean): TranscriberError {
  return new TranscriberError({ code, message, retryable });
}

const notOpen = (what: string, state: State) =>
  failure("not_open", `${what}() is not possible while the session is ${state}.`, false);
const aborted = () => failure("aborted", "The session was aborted.", false);
const lost = () => failure("connection_lost", "The server stopped answering.", true);
const tooSlow = () => failure("too_slow", "The network is too slow for live audio.", true);
const tooLong = (bytes: number) =>
  failure("bad_option", `A chunk of ${bytes} bytes is longer than the buffer.`, false);
const connectTimeout = () => failure("connect_timeout", "The server did not answer in time.", true);
const stopTimeout = () =>
  failure("stop_timeout", "The last words did not arrive in time.", true);
