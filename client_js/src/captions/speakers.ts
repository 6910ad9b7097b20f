/** Who speaks on which channel: a name, and a colour that never stands alone. */

/** Colours there are; a channel takes the one of its number. */
export const COLOURS = 8;

export class Speakers {
  #names: readonly string[] = [];
  #seen = 0;
  #unnamed: (number: number) => string;

  constructor(unnamed: (number: number) => string) {
    this.#unnamed = unnamed;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  set names(names: readonly string[]) {
    this.#names = names;
  }

  /** How a channel without a name is called. */
  set unnamed(unnamed: (number: number) => string) {
    this.#unnamed = unnamed;
  }

  /** Whether speakers are told apart at all: where there is one, and no name for it, they aren't. */
  get several(): boolean {
    return this.#seen > 0 || this.#names.length > 0;
  }

  /** Takes note of a channel; whether that changed what lines without a name look like. */
  saw(channel: number): boolean {
    const before = this.several;
    this.#seen = Math.max(this.#seen, channel);
    return this.several !== before;
  }

  name(channel: number): string {
    if (!this.several) return "";
    return this.#names[channel] || this.#unnamed(channel + 1);
  }

  /** The number of a channel's colour, or undefined where there is only one speaker. */
  colour(channel: number): number | undefined {
    return this.#seen > 0 || this.#names.length > 1 ? channel % COLOURS : undefined;
  }
}
