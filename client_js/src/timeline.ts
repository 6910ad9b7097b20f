/**
 * One continuous time and one continuous numbering of segments over several server sessions.
 *
 * After a reconnect the server counts from 0 again; what the application sees goes on. Also
 * keeps the earliest moment whose audio may still turn into words: what lies before it need not
 * be replayed.
 */

import type { ServerMessage } from "./protocol.js";

/** Sound before a segment's start that the recogniser may want once more (its pre-roll). */
const PREROLL_MS = 400;

type Told = Exclude<ServerMessage, { type: "error" }>;

export class Timeline {
  #originMs = 0;
  #segmentBase = 0;
  #nextSegment = 0;
  #settledMs = 0;
  #ackedMs = 0;
  readonly #open = new Map<number, number>();

  /** A new server session begins at `originMs`; open segments will be told again from there. */
  restart(originMs: number): void {
    this.#originMs = originMs;
    this.#segmentBase = this.#nextSegment;
    this.#settledMs = originMs;
    this.#ackedMs = originMs;
    this.#open.clear();
  }

  /** Everything before this moment is final or was silence. */
  get doneMs(): number {
    const open = [...this.#open.values()].map((start) => start - PREROLL_MS);
    return Math.max(this.#originMs, Math.min(Math.max(this.#ackedMs, this.#settledMs), ...open));
  }

  /** The message in the application's own time and numbering. */
  rebase<M extends Told>(message: M): M {
    const moved = this.#moved(message) as M;
    this.#note(moved);
    return moved;
  }

  #moved(m: Told): Told {
    const at = (ms: number) => ms + this.#originMs;
    switch (m.type) {
      case "speech_started":
      case "speech_ended":
        return { ...m, at_ms: at(m.at_ms) };
      case "partial":
        return {
          ...m,
          segment: m.segment + this.#segmentBase,
          start_ms: at(m.start_ms),
          end_ms: at(m.end_ms),
        };
      case "final":
        return {
          ...m,
          segment: m.segment + this.#segmentBase,
          start_ms: at(m.start_ms),
          end_ms: at(m.end_ms),
          words: m.words.map((w) => ({ ...w, start_ms: at(w.start_ms), end_ms: at(w.end_ms) })),
        };
      case "finalized":
        return { ...m, through_ms: at(m.through_ms) };
      case "ack":
        return { ...m, received_ms: at(m.received_ms), decoded_ms: at(m.decoded_ms) };
      case "warning": {
        const { segment } = m.detail;
        if (typeof segment !== "number") return m;
        return { ...m, detail: { ...m.detail, segment: segment + this.#segmentBase } };
      }
      default:
        return m;
    }
  }

  #note(m: Told): void {
    switch (m.type) {
      case "speech_started":
        this.#open.set(m.channel, Math.min(m.at_ms, this.#open.get(m.channel) ?? m.at_ms));
        break;
      case "partial":
        this.#open.set(m.channel, Math.min(m.start_ms, this.#open.get(m.channel) ?? m.start_ms));
        break;
      case "final":
        this.#nextSegment = Math.max(this.#nextSegment, m.segment + 1);
        this.#open.delete(m.channel);
        // With a second channel open its start still holds `doneMs` back.
        this.#settledMs = Math.max(this.#settledMs, m.end_ms);
        break;
      case "warning":
        if (m.code !== "suppressed") break;
        if (typeof m.detail["segment"] === "number")
          this.#nextSegment = Math.max(this.#nextSegment, m.detail["segment"] + 1);
        if (typeof m.detail["channel"] === "number") this.#open.delete(m.detail["channel"]);
        else this.#open.clear();
        break;
      case "ack":
        this.#ackedMs = Math.max(this.#ackedMs, m.decoded_ms);
        break;
      default:
        break;
    }
  }
}
