/**
 * What the application has been told: so that nothing is told twice, and segments go on counting.
 *
 * A resumed session repeats what may not have arrived; a new one tells again what the old one had
 * not settled, and numbers from 0.
 */

import type { ServerMessage } from "./protocol.js";
import type { Timeline } from "./timeline.js";

export type Told = Exclude<ServerMessage, { type: "error" }>;

type Of<T extends Told["type"]> = Extract<Told, { type: T }>;

/** Segments that ended: many more than may be decoded at a time, out of order. */
const REMEMBERED = 1024;

/** One channel, in the application's time and numbers. */
interface Channel {
  /** The end of its last final, or of what was judged no speech. */
  settledMs: number;
  speakingSince: number | undefined;
  language: string;
}

export class Ledger {
  receivedMs = 0;
  #decodedMs = 0;
  readonly #timeline: Timeline;
  readonly #channels: Channel[];
  /** Segments of which partials were shown. */
  readonly #shown = new Map<number, Of<"partial">>();
  /** Segments that ended, and before which all of them did. */
  readonly #done = new Set<number>();
  #doneBefore = 0;
  #base = 0;
  #next = 0;
  #words = 0;
  #earlierWords = 0;

  constructor(timeline: Timeline, channels: number) {
    this.#timeline = timeline;
    this.#channels = Array.from({ length: channels }, () => ({
      settledMs: 0,
      speakingSince: undefined,
      language: "",
    }));
  }

  get decodedMs(): number {
    return this.#decodedMs;
  }

  /** For each channel, up to where all that it said has been told for good. */
  get settledMs(): number[] {
    return this.#channels.map((channel) => channel.settledMs);
  }

  /** Numbers anew; returns what closes that which the old session left open. */
  newSession(fromMs: number): Told[] {
    this.#base = this.#next;
    this.#earlierWords = this.#words;
    const told: Told[] = [];
    this.#channels.forEach((it, channel) => {
      if (it.speakingSince === undefined) return;
      told.push({ type: "speech_ended", channel, at_ms: Math.max(it.speakingSince, fromMs) });
      it.speakingSince = undefined;
    });
    for (const { segment, channel, start_ms, end_ms } of this.#shown.values())
      told.push({
        type: "warning",
        code: "suppressed",
        message: "the session was lost; what its audio holds is told again",
        detail: { segment, channel, start_ms, end_ms, reason: "session_lost" },
      });
    this.#shown.clear();
    return told;
  }

  /** A message as the application hears it; `undefined` for what it knows. */
  tell(m: Told): Told | undefined {
    const at = (ms: number) => this.#timeline.at(ms);
    switch (m.type) {
      case "speech_started":
      case "speech_ended":
        return this.#edge({ ...m, at_ms: at(m.at_ms) });
      case "partial":
        return this.#partial({
          ...m,
          segment: m.segment + this.#base,
          start_ms: at(m.start_ms),
          end_ms: at(m.end_ms),
        });
      case "final":
        return this.#final(m);
      case "warning":
        return m.code === "suppressed" ? this.#suppressed(m) : m;
      case "finalized":
        this.#decoded(m.through_ms);
        return { ...m, through_ms: at(m.through_ms) };
      case "ack":
        this.#decoded(m.decoded_ms);
        this.receivedMs = Math.max(this.receivedMs, at(m.received_ms));
        return { ...m, received_ms: this.receivedMs, decoded_ms: this.#decodedMs };
      case "language": {
        const channel = this.#channel(m.channel);
        if (channel.language === m.language) return undefined;
        channel.language = m.language;
        return m;
      }
      case "ended":
        return {
          ...m,
          audio_ms: at(m.audio_ms),
          segments: this.#base + m.segments,
          words: this.#earlierWords + m.words,
        };
      default:
        return m;
    }
  }

  #decoded(serverMs: number): void {
    this.#decodedMs = Math.max(this.#decodedMs, this.#timeline.at(serverMs));
    this.#timeline.settled(serverMs);
  }

  #edge(m: Of<"speech_started" | "speech_ended">): Told | undefined {
    const channel = this.#channel(m.channel);
    const since = channel.speakingSince;
    if (m.type === "speech_started") {
      if (since !== undefined) return undefined;
      channel.speakingSince = m.at_ms;
    } else {
      if (since === undefined || m.at_ms < since) return undefined;
      channel.speakingSince = undefined;
    }
    return m;
  }

  #partial(m: Of<"partial">): Told | undefined {
    if (this.#isDone(m.segment)) return undefined;
    if (m.revision <= (this.#shown.get(m.segment)?.revision ?? -1)) return undefined;
    this.#shown.set(m.segment, m);
    this.#next = Math.max(this.#next, m.segment + 1);
    return m;
  }

  #final(m: Of<"final">): Told | undefined {
    const at = (ms: number) => this.#timeline.at(ms);
    const told = {
      ...m,
      segment: m.segment + this.#base,
      start_ms: at(m.start_ms),
      end_ms: at(m.end_ms),
      words: m.words.map((w) => ({ ...w, start_ms: at(w.start_ms), end_ms: at(w.end_ms) })),
    };
    if (!this.#settle(m.channel, told.segment, told.end_ms)) return undefined;
    this.#words += m.words.length || (m.text.match(/\S+/g)?.length ?? 0);
    return told;
  }

  #suppressed(m: Of<"warning">): Told | undefined {
    const detail: Record<string, unknown> = { ...m.detail };
    for (const name of ["start_ms", "end_ms"]) {
      const ms = detail[name];
      if (typeof ms === "number") detail[name] = this.#timeline.at(ms);
    }
    const { segment, channel, end_ms } = detail;
    if (typeof segment === "number") {
      detail["segment"] = segment + this.#base;
      if (!this.#settle(numberOr0(channel), segment + this.#base, numberOr0(end_ms)))
        return undefined;
    }
    return { ...m, detail };
  }

  /** Notes that a segment is over; `false` where the application knows. */
  #settle(number: number, segment: number, endMs: number): boolean {
    if (this.#isDone(segment)) return false;
    this.#done.add(segment);
    if (this.#done.size > REMEMBERED) {
      const lowest = Math.min(...this.#done);
      this.#done.delete(lowest);
      this.#doneBefore = lowest + 1;
    }
    const channel = this.#channel(number);
    channel.settledMs = Math.max(channel.settledMs, endMs);
    this.#shown.delete(segment);
    this.#next = Math.max(this.#next, segment + 1);
    return true;
  }

  #isDone(segment: number): boolean {
    return segment < this.#doneBefore || this.#done.has(segment);
  }

  #channel(number: number): Channel {
    return this.#channels[number] ?? (this.#channels[0] as Channel);
  }
}

function numberOr0(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
