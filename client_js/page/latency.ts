/** How far the words lag behind the voice: the median of the last few, so that one can't shout. */

const KEPT = 9;

export class Latency {
  readonly #recent: number[] = [];

  add(ms: number): void {
    this.#recent.push(Math.max(0, ms));
    if (this.#recent.length > KEPT) this.#recent.shift();
  }

  clear(): void {
    this.#recent.length = 0;
  }

  get typicalMs(): number | undefined {
    const sorted = [...this.#recent].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}
