/** Audio that was given up, each stretch of it told once. */

type Stretch = [start: number, end: number];

export class Gaps {
  /** In order and apart; positions are bytes. */
  #told: Stretch[] = [];

  /** Notes that a stretch is lost; returns what of it had not been told. */
  add(start: number, end: number): Stretch[] {
    const fresh: Stretch[] = [];
    let at = start;
    for (const [knownStart, knownEnd] of this.#told) {
      const before = Math.min(knownStart, end);
      if (at < before) fresh.push([at, before]);
      at = Math.max(at, knownEnd);
    }
    if (at < end) fresh.push([at, end]);
    this.#told = [...this.#told, ...fresh].sort((a, b) => a[0] - b[0]);
    return fresh;
  }

  /** Nothing before `position` can be lost any more. */
  forget(position: number): void {
    this.#told = this.#told.filter(([, end]) => end > position);
  }
}
