/**
 * One stream over as many connections as it takes, without a socket and without a clock.
 *
 *   application ── append, finalize, configure, end ──▶ Continuity ── outgoing ──▶ connection
 *   application ◀────────────── events ──────────────── Continuity ◀── received ── connection
 *
 * After a loss the same session is resumed, if the server kept it: the audio goes on at the
 * sample where the server's ends. Otherwise a new session is given all audio behind the last
 * final, on each channel. What the application hears has one time, one numbering of segments, and
 * nothing twice.
 */

import type { TranscriberError } from "./errors.js";
import { Gaps } from "./gaps.js";
import { Ledger, type Told } from "./ledger.js";
import type { AudioFormat, ClientMessage, ConfigureOptions, SessionOptions, Started } from "./protocol.js";
import { ReplayBuffer } from "./replay.js";
import { Requests } from "./requests.js";
import { Sound } from "./sound.js";
import { Timeline } from "./timeline.js";

export interface AudioLost {
  type: "audio_lost";
  from_ms: number;
  lost_ms: number;
}

export interface Reconnected {
  type: "reconnected";
  /** The session goes on; `false`: another has taken over. */
  resumed: boolean;
  lost_ms: number;
}

export type ContinuityEvent = Told | AudioLost | Reconnected;

export interface ContinuityOptions {
  audio: AudioFormat;
  session: SessionOptions;
  bufferMs: number;
  dropOldest: boolean;
}

/** More than any segment: audio that a server may be unable to settle before more comes. */
const LONGEST_SEGMENT_MS = 45_000;
/** Sound before undecided audio, so that a new session hears it begin. */
const LEAD_MS = 400;
/** Silence that stands for audio given up: enough to end the segment before it. */
const GAP_MS = 1000;
/** Audio that may always be on its way. */
const AHEAD_MS = 30_000;
/** Well below any server's limit on messages, and fine enough to be shared by requests. */
const PIECE_BYTES = 16_384;

export class Continuity {
  readonly #options: ContinuityOptions;
  readonly #sound: Sound;
  readonly #buffer: ReplayBuffer;
  readonly #timeline: Timeline;
  readonly #ledger: Ledger;
  readonly #requests: Requests;
  readonly #gaps = new Gaps();
  readonly #capacity: number;
  #resume: { session_id: string; token: string } | undefined;
  #acknowledges = false;
  #open = false;
  #silence = 0;
  #windowMs = Infinity;
  #ackedMs = 0;
  #sessions = 0;
  #ending = false;
  #endSent = false;
  #limit = PIECE_BYTES;
  #reached = [0, 0];
  #numbered = 0;
  #muted: [channel: number, until: number][] = [];

  constructor(options: ContinuityOptions) {
    this.#options = options;
    this.#sound = new Sound(options.audio);
    this.#buffer = new ReplayBuffer(this.#sound.frameBytes);
    this.#timeline = new Timeline(this.#sound);
    this.#ledger = new Ledger(this.#timeline, this.#sound.channels);
    this.#requests = new Requests(options.session);
    this.#capacity = Math.max(this.#sound.position(options.bufferMs), this.#sound.frameBytes);
  }

  // The application's side.

  get capacity(): number {
    return this.#capacity;
  }

  get ending(): boolean {
    return this.#ending;
  }

  /** Audio taken so far. */
  get sentMs(): number {
    return this.#sound.ms(this.#buffer.end);
  }

  /** Whether there is nothing to send. */
  get idle(): boolean {
    return !(this.#buffer.unsent > 0 || this.#requests.pending || this.#ending);
  }

  /** Whether `append` would keep all that may have to be sent again. */
  room(size: number): boolean {
    const { unsent, held } = this.#buffer;
    if (this.#options.dropOldest) return true;
    if (unsent > 0 && unsent + size > this.#capacity) return false;
    if (!this.#acknowledges || held === 0) return true;
    // Less than a segment would wait for a final that waits for more audio.
    return held + size <= this.#most;
  }

  /**
   * Takes audio, up to the bound of the buffer; says so where the oldest was given up for it.
   * What was sent, and only not acknowledged, goes first: it is lost only with the connection.
   */
  append(audio: Uint8Array): AudioLost[] {
    const buffer = this.#buffer;
    buffer.append(audio);
    if (!this.#options.dropOldest) {
      if (!this.#acknowledges || buffer.held > 2 * this.#most)
        buffer.release(buffer.end - this.#capacity);
      return [];
    }
    if (buffer.held <= this.#capacity) return [];
    const before = buffer.cursor;
    let until = buffer.end - this.#capacity;
    // A network too slow for speech: one gap that helps, not one after every chunk.
    if (this.#open && until > before) until += Math.floor(this.#capacity / 8);
    buffer.drop(until);
    if (!this.#open || buffer.start <= before) return [];
    this.#fill(buffer.start - before);
    return this.#lost(before, buffer.start);
  }

  finalize(id: string): void {
    this.#requests.add(this.#buffer.end, { type: "finalize", id });
  }

  configure(options: ConfigureOptions): void {
    this.#requests.add(this.#buffer.end, { ...options, type: "configure" });
  }

  /** No more audio comes. */
  end(): void {
    this.#ending = true;
  }

  // The connection's side.

  /** The first message of a connection. */
  opening(token?: string): ClientMessage {
    const replayFrom = Math.max(Math.min(...this.#settled), this.#buffer.start);
    return {
      type: "start",
      audio: this.#options.audio,
      ...this.#requests.optionsAt(replayFrom),
      ...(this.#resume ? { resume: { ...this.#resume, received: this.#numbered } } : {}),
      ...(token ? { token } : {}),
    };
  }

  /** Whether this is news: messages that last are numbered, and may be sent again. */
  count(seq: number): boolean {
    if (seq <= this.#numbered) return false;
    this.#numbered = seq;
    return true;
  }

  /** Takes what the server says; returns what the application hears of it. */
  received(message: Told): ContinuityEvent[] {
    switch (message.type) {
      case "started":
        return this.#started(message);
      case "finalized":
        if (message.id !== "" && !this.#requests.answered(message.id)) return [];
        this.#acked(message.through_ms);
        break;
      case "ack":
        this.#acked(message.decoded_ms);
        break;
      case "ended":
        if (this.#ending) break;
        this.#resume = undefined;
        return [];
      default:
        break;
    }
    const told = this.#ledger.tell(message);
    const settled = Math.min(...this.#settled);
    this.#buffer.release(settled);
    this.#gaps.forget(settled);
    this.#requests.settle(this.#buffer.start);
    return told === undefined ? [] : [told];
  }

  /** The next thing to send; `undefined` while there is none. */
  outgoing(): ClientMessage | Uint8Array | undefined {
    if (!this.#open) return undefined;
    const at = this.#buffer.cursor;
    if (this.#silence > 0) {
      const silence = this.#sound.silence(Math.min(this.#limit, this.#silence));
      this.#silence -= silence.byteLength;
      this.#timeline.sent(silence.byteLength);
      return silence;
    }
    const request = this.#requests.before(at);
    if (request !== undefined) return request;
    if (this.#timeline.serverMs - this.#ackedMs >= this.#windowMs) return undefined;
    const piece = this.#buffer.take(Math.min(this.#limit, this.#requests.until(at)));
    if (piece !== undefined) {
      this.#timeline.sent(piece.byteLength);
      return this.#mute(piece, at);
    }
    if (!this.#ending || this.#endSent) return undefined;
    this.#endSent = true;
    return { type: "end" };
  }

  /** The connection is gone; whether the stream has come on since the one before. */
  closed(error: TranscriberError): boolean {
    // Any other error of the server's is its session's end.
    const over = this.#open && error.said && error.code !== "client_too_slow";
    if (over || error.code === "unknown_session") this.#resume = undefined;
    this.#open = false;
    const reached = [this.#ledger.decodedMs, this.#ledger.receivedMs];
    const cameOn = reached.some((now, i) => now > (this.#reached[i] ?? 0));
    this.#reached = reached;
    return cameOn;
  }

  // Inside.

  get #most(): number {
    return Math.max(this.#capacity, this.#sound.position(LONGEST_SEGMENT_MS));
  }

  /** Up to which byte each channel's audio is settled. */
  get #settled(): number[] {
    const decoded = this.#sound.position(Math.max(0, this.#ledger.decodedMs - LEAD_MS));
    return this.#ledger.settledMs.map((ms) => Math.max(decoded, this.#sound.position(ms)));
  }

  #started(started: Started): ContinuityEvent[] {
    const again = this.#sessions > 0;
    this.#sessions += 1;
    const buffer = this.#buffer;
    const settled = this.#settled;
    const resumedFrom = this.#resume === undefined ? undefined : started.resumed_from_ms;
    const resumed = resumedFrom !== undefined;
    let expected = Math.min(...settled);
    if (resumed) {
      expected = this.#timeline.resume(resumedFrom);
      this.#ledger.receivedMs = Math.max(this.#ledger.receivedMs, this.#sound.ms(expected));
    }
    buffer.rewind(expected);
    const lost = this.#lost(expected, buffer.cursor);
    const told: ContinuityEvent[] = [started];
    const lost_ms = lost.reduce((sum, gap) => sum + gap.lost_ms, 0);
    if (again) told.push({ type: "reconnected", resumed, lost_ms });
    told.push(...lost);
    if (resumed) {
      this.#fill(buffer.cursor - expected);
      this.#requests.rewind(buffer.cursor);
    } else {
      this.#beginAnew(settled);
      if (again) told.push(...this.#ledger.newSession(this.#sound.ms(buffer.cursor)));
    }
    this.#agree(started);
    return told;
  }

  #beginAnew(settled: number[]): void {
    const at = this.#buffer.cursor;
    this.#timeline.restart(at);
    this.#silence = this.#ackedMs = this.#numbered = 0;
    this.#requests.restart();
    this.#muted = settled
      .map((until, channel): [number, number] => [channel, until])
      .filter(([, until]) => until > at);
  }

  /** Takes what the server grants this connection. */
  #agree({ session_id, resume_token, limits }: Started): void {
    this.#open = true;
    this.#endSent = false;
    this.#resume = resume_token ? { session_id, token: resume_token } : undefined;
    this.#acknowledges ||= this.#resume !== undefined;
    const limit = Math.min(PIECE_BYTES, limits.max_message_bytes || PIECE_BYTES);
    const { frameBytes } = this.#sound;
    this.#limit = Math.max(frameBytes, limit - (limit % frameBytes));
    const backlog = limits.max_backlog_ms;
    this.#windowMs = backlog > 0 ? Math.max(AHEAD_MS, Math.floor(backlog * 0.8)) : Infinity;
  }

  #acked(serverMs: number): void {
    this.#acknowledges = true;
    this.#ackedMs = Math.max(this.#ackedMs, serverMs);
  }

  /** Puts silence in the place of audio that the session can't have any more. */
  #fill(gap: number): void {
    this.#silence = Math.min(Math.max(gap, 0), this.#sound.position(GAP_MS));
    if (this.#silence > 0) this.#timeline.leap(this.#silence, this.#buffer.cursor);
  }

  /** Says, once, what was given up. */
  #lost(start: number, end: number): AudioLost[] {
    return this.#gaps.add(start, end).map(([from, behind]) => {
      const from_ms = this.#sound.ms(from);
      return { type: "audio_lost", from_ms, lost_ms: this.#sound.ms(behind) - from_ms };
    });
  }

  /** Silences the channels whose words in this audio have been told. */
  #mute(piece: Uint8Array, at: number): Uint8Array {
    return this.#muted.reduce(
      (muted, [channel, until]) =>
        until > at ? this.#sound.mute(muted, channel, until - at) : muted,
      piece,
    );
  }
}
