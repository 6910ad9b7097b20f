/**
 * How far the words lag behind the voice.
 *
 * A partial shows what was said since the one before it: its first word has waited longest, its
 * last one least, the middle of the two is typical. Of the last few the median counts, so that
 * one slow answer can't shout.
 */

const KEPT = 9;

export class Latency {
  readonly #recent: number[] = [];
  #segment = -1;
  #endMs = 0;

  /** A partial that covers the sound up to `endMs`, arriving when `nowMs` of it had been sent. */
  shown(segment: number, endMs: number, nowMs: number): void {
    if (segment === this.#segment && endMs > this.#endMs) {
      this.#recent.push(Math.max(0, nowMs - (this.#endMs + endMs) / 2));
      if (this.#recent.length > KEPT) this.#recent.shift();
    }
    this.#segment = segment;
    this.#endMs = endMs;
  }

  clear(): void {
    this.#recent.length = 0;
    this.#segment = -1;
  }

  get typicalMs(): number | undefined {
    const sorted = [...this.#recent].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}
