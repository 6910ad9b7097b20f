/** The level of the last second and a half, as bars. Decoration: the status says it in words. */

/** Full scale of the bars; loud speech comes close to it, a quiet room stays at the bottom. */
const FLOOR_DB = -50;
const CEILING_DB = -10;

export class Meter {
  readonly #bars: HTMLElement[];
  #levels: number[];
  #pending = 0;
  #chunks = 0;

  constructor(root: HTMLElement, bars = 24) {
    this.#bars = Array.from({ length: bars }, () => {
      const bar = document.createElement("span");
      root.append(bar);
      return bar;
    });
    this.#levels = this.#bars.map(() => 0);
  }

  /** Takes the level of one 40 ms chunk; a bar stands for two of them. */
  add(rms: number): void {
    const db = 20 * Math.log10(Math.max(rms, 1e-6));
    const share = Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
    // Squared, so that syllables show rather than a wall.
    this.#pending = Math.max(this.#pending, share * share);
    this.#chunks += 1;
    if (this.#chunks < 2) return;
    this.#levels = [...this.#levels.slice(1), this.#pending];
    this.#pending = this.#chunks = 0;
    this.#draw();
  }

  clear(): void {
    this.#levels = this.#bars.map(() => 0);
    this.#draw();
  }

  #draw(): void {
    this.#bars.forEach((bar, i) => {
      bar.style.transform = `scaleY(${Math.max(0.08, this.#levels[i] as number).toFixed(2)})`;
    });
  }
}
