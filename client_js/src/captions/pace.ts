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
  #left = 0;
  #deadline = 0;

  constructor(wordsPerMinute: number) {
    this.wordsPerMinute = wordsPerMinute;
  }

  /** How many of `waiting` words to show at `nowMs`. */
  take(waiting: number, nowMs: number): number {
    if (this.wordsPerMinute <= 0) return waiting;
    if (waiting > this.#left) this.#deadline = nowMs + LAG_MS;
    if (this.#idle) this.#due = Math.max(this.#due, nowMs);
    let taken = 0;
    while (taken < waiting && this.#due <= nowMs) {
      // Late timers don't slow words down; a tab that slept shows what is a second old at once.
      this.#due = Math.max(this.#due, nowMs - LAG_MS) + this.#interval(waiting - taken, nowMs);
      taken += 1;
    }
    this.#left = waiting - taken;
    this.#idle = this.#left === 0;
    return taken;
  }

  /** Milliseconds until the next of the waiting words is due. */
  wait(nowMs: number): number {
    return Math.max(0, this.#due - nowMs);
  }

  #interval(waiting: number, nowMs: number): number {
    return Math.min(60_000 / this.wordsPerMinute, Math.max(0, this.#deadline - nowMs) / waiting);
  }
}
