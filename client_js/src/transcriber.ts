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
import { Continuity, type ContinuityEvent } from "./continuity.js";
import { deferred, quietly, type Deferred } from "./deferred.js";
import { Emitter } from "./emitter.js";
import { TranscriberError } from "./errors.js";
import type { TranscriberEvents } from "./events.js";
import {
  aborted, connectTimeout, lost, notOpen, stopTimeout, tokenFailed, tooLong,
} from "./failures.js";
import { Feed, type FeedMessage } from "./feed.js";
import { Link } from "./link.js";
import { carried, readOptions, type Settings, type TranscriberOptions } from "./options.js";
import type { ConfigureOptions, Ended, Finalized, ServerMessage, Started } from "./protocol.js";
import { heed } from "./signals.js";
import { bytesOf } from "./sound.js";
import { StateMachine, type State } from "./state.js";

export function createTranscriber(options: TranscriberOptions): Transcriber {
  return new Transcriber(options);
}

/** A connection that lasted so long was a good one. */
const STEADY_MS = 10_000;
const DRAIN_GRACE_MS = 5000;
const PUMP_MS = 20;
const MOVE_ON = ["unknown_session", "session_too_long", "restarting"];

export class Transcriber extends Emitter<TranscriberEvents> {
  readonly #settings: Settings;
  readonly #machine = new StateMachine();
  readonly #continuity: Continuity;
  readonly #feeds = new Set<Feed>();
  readonly #finalizes = new Map<string, Deferred<Finalized>>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #link: Link | undefined;
  #connected: Deferred<Started> | undefined;
  #stopped: Deferred<Ended | undefined> | undefined;
  #everOpen = false;
  #openedAt = 0;
  #attempt = 0;
  #nextFinalize = 0;
  /** The connection that a token is being fetched for. */
  #attempting: object | undefined;
  /** Whether the next try waits for something to send. */
  #asleep = false;
  /** Whether this server sends `ack`, and whether it owes us an answer. */
  #acknowledges = false;
  #owed = false;
  /** Why it is closed; `undefined` after a good end. */
  #failure: TranscriberError | undefined;
  #ended: Ended | undefined;
  readonly #forget: (() => void)[] = [];

  constructor(options: TranscriberOptions) {
    super();
    const settings = (this.#settings = readOptions(options));
    const { audio, session, bufferMs } = settings;
    const dropOldest = settings.overflow === "drop_oldest";
    this.#continuity = new Continuity({ audio, session, bufferMs, dropOldest });
    this.#heed(options.signal);
  }

  get state(): State {
    return this.#machine.state;
  }

  /** Milliseconds of audio taken by `send` so far, in the time of all messages. */
  get sentMs(): number {
    return this.#continuity.sentMs;
  }

  /**
   * Opens the session; rejects with a `TranscriberError` when the server refuses or is not there.
   * A `signal` that aborts while it is awaited aborts the session.
   */
  connect(options: { signal?: AbortSignal } = {}): Promise<Started> {
    if (this.state !== "idle")
      return Promise.reject(this.#failure ?? notOpen("connect", this.state));
    const { promise } = (this.#connected = deferred<Started>());
    this.#move("connecting");
    const forget = this.#heed(options.signal);
    // Unless a listener, or the signal, has ended it already.
    if (this.#failure === undefined) this.#open();
    return quietly(promise.finally(forget));
  }

  /**
   * Takes audio in the format agreed on. `false` means the buffers are full and the chunk was
   * not taken: wait for `ready()` and send it again.
   */
  send(audio: ArrayBuffer | ArrayBufferView): boolean {
    if (this.#stopped !== undefined || this.state === "closed") throw notOpen("send", this.state);
    const chunk = bytesOf(audio);
    if (chunk.byteLength > this.#continuity.capacity) throw tooLong(chunk.byteLength);
    if (!this.#continuity.room(chunk.byteLength)) return false;
    for (const lost of this.#continuity.append(chunk)) this.#tell(lost);
    this.#pump();
    return true;
  }

  /** Resolves when there is room for audio again, and when the session is over. */
  async ready(): Promise<void> {
    while (this.state !== "closed" && !this.#continuity.room(this.#continuity.capacity / 2))
      await new Promise((resolve) => setTimeout(resolve, PUMP_MS));
  }

  /** Asks for all audio sent so far to be decoded now; resolves when its finals have arrived. */
  finalize(): Promise<Finalized> {
    if (this.#stopped !== undefined || !this.#everOpen || this.state === "closed")
      return Promise.reject(notOpen("finalize", this.state));
    const id = String((this.#nextFinalize += 1));
    const waiting = deferred<Finalized>();
    this.#finalizes.set(id, waiting);
    this.#continuity.finalize(id);
    this.#pump();
    return waiting.promise;
  }

  /** Changes settings from the next segment on. */
  configure(options: ConfigureOptions): void {
    this.#continuity.configure(options);
    this.#pump();
  }

  /**
   * Says that no more audio comes; resolves when every final has arrived, and rejects with what
   * kept them from arriving. A `signal` that aborts while it is awaited aborts the session.
   */
  stop(options: { signal?: AbortSignal } = {}): Promise<Ended | undefined> {
    if (this.#stopped === undefined) this.#finish((this.#stopped = deferred()));
    return quietly(this.#stopped.promise.finally(this.#heed(options.signal)));
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

  #finish(stopped: Deferred<Ended | undefined>): void {
    if (this.state === "closed") {
      if (this.#failure === undefined) stopped.resolve(this.#ended);
      else stopped.reject(this.#failure);
      return;
    }
    this.#continuity.end();
    if (this.state === "idle") this.#close(undefined);
    else this.#expectEnd();
    if (this.state === "open") this.#move("stopping");
    this.#pump();
  }

  #open(): void {
    const { getToken, token, connectTimeoutMs } = this.#settings;
    this.#after("connect", connectTimeoutMs, () =>
      this.#link === undefined ? this.#linkClosed(connectTimeout()) : this.#link.fail(connectTimeout()),
    );
    if (getToken === undefined) {
      this.#dial(token);
      return;
    }
    const attempt = (this.#attempting = {});
    const current = () => this.#attempting === attempt && this.state !== "closed";
    void (async () => {
      try {
        const fresh = await getToken();
        if (current()) this.#dial(fresh);
      } catch (cause) {
        if (current()) this.#linkClosed(tokenFailed(cause));
      }
    })();
  }

  #dial(token: string | undefined): void {
    const { WebSocket, url } = this.#settings;
    const { protocols, inStart } = carried(token);
    const start = this.#continuity.opening(inStart);
    try {
      this.#link = new Link(WebSocket, url, protocols, start, {
        count: (seq) => this.#continuity.count(seq),
        message: (message) => this.#receive(message),
        closed: (error) => this.#linkClosed(error),
      });
    } catch (cause) {
      // A page on https may not open ws:, for one.
      this.#close(new TranscriberError({ code: "bad_url", message: String(cause), retryable: false }));
    }
  }

  #receive(message: Exclude<ServerMessage, { type: "error" }>): void {
    this.#owed = false;
    this.#clear("silence");
    if (message.type === "ack") this.#acknowledges = true;
    // Waiting in the server's queue is not a connection that hangs.
    if (message.type === "started" || message.type === "queued") this.#clear("connect");
    if (message.type === "queued" && this.state !== "queued") this.#move("queued");
    if (message.type === "started") this.#sessionStarted(message);
    if (message.type === "warning" && message.code === "draining") {
      const { deadline_ms: left } = message.detail;
      const ms = (typeof left === "number" ? left : 0) + DRAIN_GRACE_MS;
      this.#after("drain", ms, () => this.#link?.fail(lost()));
    }
    if (this.#stopped !== undefined) this.#expectEnd();
    for (const told of this.#continuity.received(message)) this.#tell(told);
    if (message.type === "started" && this.#stopped !== undefined && this.state === "open")
      this.#move("stopping");
    this.#pump();
  }

  #sessionStarted(message: Started): void {
    this.#everOpen = true;
    this.#openedAt = Date.now();
    this.#move("open");
    this.#connected?.resolve(message);
  }

  #tell(told: ContinuityEvent): void {
    this.emit(told.type, told as never);
    this.emit("message", told);
    for (const feed of this.#feeds) feed.push(told);
    if (told.type === "finalized") {
      this.#finalizes.get(told.id)?.resolve(told);
      this.#finalizes.delete(told.id);
    }
    if (told.type === "ended") {
      this.#ended = told;
      this.#stopped?.resolve(told);
      this.#close(undefined);
    }
  }

  #linkClosed(error: TranscriberError): void {
    this.#link = undefined;
    this.#attempting = undefined;
    this.#acknowledges = this.#owed = false;
    for (const name of ["connect", "retry", "silence", "pump", "drain"]) this.#clear(name);
    const steady = Date.now() - this.#openedAt >= STEADY_MS;
    const { backoff } = this.#settings;
    if (this.#continuity.closed(error) || steady) this.#attempt = 0;
    // A first connection that fails is the caller's to judge.
    const again = this.#everOpen && (error.retryable || error.code === "unknown_session");
    const atOnce = MOVE_ON.includes(error.code) || error.closeCode === 1012;
    const delay =
      backoff !== undefined && again
        ? backoffMs(this.#attempt, backoff, error.retryAfterMs, Math.random, atOnce)
        : undefined;
    if (delay === undefined) {
      this.#close(error);
      return;
    }
    if (this.state !== "reconnecting") this.#move("reconnecting");
    this.#attempt += 1;
    this.#asleep = error.code === "idle_timeout" && this.#continuity.idle;
    const { code } = error;
    const delay_ms = this.#asleep ? undefined : delay;
    this.emit("reconnecting", { attempt: this.#attempt, delay_ms, code, error });
    // A listener may have given up in the meantime.
    if (this.state === "reconnecting" && !this.#asleep) this.#after("retry", delay, () => this.#open());
  }

  #pump(): void {
    if (this.#asleep && !this.#continuity.idle) {
      this.#asleep = false;
      this.#open();
    }
    const link = this.#link;
    if (link === undefined) return;
    while (link.bufferedAmount < this.#settings.maxBufferedBytes) {
      const next = this.#continuity.outgoing();
      if (next === undefined) return;
      link.send(next);
      if (next instanceof Uint8Array) this.#expectAnswer();
    }
    // No event tells when the socket has room again.
    this.#after("pump", PUMP_MS, () => this.#pump());
  }

  /** A dead network closes no socket: only the missing acknowledgements tell of it. */
  #expectAnswer(): void {
    if (!this.#acknowledges || this.#owed) return;
    this.#owed = true;
    this.#after("silence", this.#settings.silenceTimeoutMs, () => this.#link?.fail(lost()));
  }

  #expectEnd(): void {
    this.#after("stop", this.#settings.stopTimeoutMs, () => this.#close(stopTimeout()));
  }

  #close(error: TranscriberError | undefined): void {
    if (this.state === "closed") return;
    for (const name of [...this.#timers.keys()]) this.#clear(name);
    this.#link?.discard();
    this.#link = undefined;
    this.#asleep = false;
    this.#failure = error;
    for (const forget of this.#forget) forget();
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

  #heed(signal: AbortSignal | undefined): () => void {
    const forget = heed(signal, () => this.abort());
    this.#forget.push(forget);
    return forget;
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
