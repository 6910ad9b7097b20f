/**
 * How fast words appear: evenly, as they would be read, rather than in the bursts they come in.
 *
 * Up to `wordsPerMinute` while that keeps up; faster the more words wait, so that none waits longer
 * than `LAG_MS`.
 */

/** What a reader loses at most; speech is not slowed down further than this. */
export const LAG_MS = 1000;

export class Pace {
  /** Words a minute; 0 shows every word at once. */
  wordsPerMinute: number;
  #due = 0;
  #idle = true;
  /** Until when each of the words that wait has to be shown. */
  #deadlines: number[] = [];

  constructor(wordsPerMinute: number) {
    this.wordsPerMinute = wordsPerMinute;
  }

  /** How many of `waiting` words to show at `nowMs`. */
  take(waiting: number, nowMs: number): number {
    if (this.wordsPerMinute <= 0) return waiting;
    // Guesses that were taken back wait no longer; what came instead is newer.
    this.#deadlines.length = Math.min(this.#deadlines.length, waiting);
    while (this.#deadlines.length < waiting) this.#deadlines.push(nowMs + LAG_MS);
    if (this.#idle) this.#due = Math.max(this.#due, nowMs);
    let taken = 0;
    while (this.#deadlines.length > 0 && this.#due <= nowMs) {
      this.#deadlines.shift();
      taken += 1;
      // Late timers don't slow words down; a tab that slept shows what is a second old at once.
      this.#due = Math.max(this.#due, nowMs - LAG_MS) + this.#interval(nowMs);
    }
    this.#idle = this.#deadlines.length === 0;
    return taken;
  }

  /** Milliseconds until the next of the waiting words is due. */
  wait(nowMs: number): number {
    return Math.max(0, this.#due - nowMs);
  }

  /** The pause before the next word with which all of those that wait keep their deadlines. */
  #interval(nowMs: number): number {
    return this.#deadlines.reduce(
      (least, deadline, before) => Math.min(least, Math.max(0, deadline - nowMs) / (before + 1)),
      60_000 / this.wordsPerMinute,
    );
  }
}
