/** One line of a transcript as elements: when, who, and what stands or is still a guess. */

import { direction } from "./breaking.js";
import { clock } from "./clock.js";
import type { CaptionLine } from "./model.js";
import type { Speakers } from "./speakers.js";
import { make, setText } from "./surface.js";

export class LineElement {
  readonly root: HTMLElement;
  line: CaptionLine;
  readonly #who: HTMLElement;
  readonly #name: HTMLElement;
  readonly #text: HTMLElement;
  readonly #firm: HTMLElement;
  readonly #guess: HTMLElement;

  constructor(document: Document, line: CaptionLine) {
    this.line = line;
    this.root = make(document, "p", "line");
    this.root.setAttribute("part", "line");
    const time = make(document, "span", "time");
    time.setAttribute("part", "time");
    time.textContent = clock(line.startMs);
    // Read aloud before every sentence it would only disturb.
    time.setAttribute("aria-hidden", "true");
    this.#who = make(document, "span", "who");
    this.#name = make(document, "bdi", "");
    this.#who.append(this.#name, ": ");
    this.#text = make(document, "span", "text");
    this.#firm = make(document, "span", "firm");
    this.#guess = make(document, "span", "guess");
    this.#text.append(this.#firm, this.#guess);
    this.root.append(time, this.#text);
  }

  /** Shows the line as it is now; `first` where another speaker begins, or another recording. */
  show(line: CaptionLine, speakers: Speakers, before: CaptionLine | undefined): void {
    this.line = line;
    // The space between the two belongs to the firm text, or the mark under the other starts early.
    const gap = line.tentative.length - line.tentative.trimStart().length;
    setText(this.#firm, line.committed + line.tentative.slice(0, gap));
    setText(this.#guess, line.tentative.slice(gap));
    if (this.#text.lang !== line.language) this.#text.lang = line.language;
    const dir = direction(line.language);
    if (this.root.dir !== dir) this.root.dir = dir;
    this.introduce(speakers, before);
  }

  /** Names the speaker where that is another one than in the line before. */
  introduce(speakers: Speakers, before: CaptionLine | undefined): void {
    const { channel, key } = this.line;
    const recording = before !== undefined && generation(before.key) !== generation(key);
    const name = before === undefined || before.channel !== channel || recording ? speakers.name(channel) : "";
    this.root.classList.toggle("recording", recording);
    const colour = speakers.colour(channel);
    if (colour === undefined) delete this.root.dataset["speaker"];
    else this.root.dataset["speaker"] = String(colour);
    if (name === "") this.#who.remove();
    else {
      setText(this.#name, name);
      if (this.#who.parentNode === null) this.#text.before(this.#who);
    }
  }

  /** The text node and offset of a position in the line's text. */
  at(offset: number): [Node, number] | undefined {
    const firm = this.#firm.firstChild;
    const length = firm?.textContent?.length ?? 0;
    if (firm !== null && offset <= length) return [firm, offset];
    const guess = this.#guess.firstChild;
    return guess === null ? undefined : [guess, Math.min(offset - length, guess.textContent?.length ?? 0)];
  }
}

/** Which transcription a line is of; their times don't compare. */
export function generation(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/** Whether `line` stands before `other`: lines that were spoken at once stand by their start. */
export function precedes(line: CaptionLine, other: CaptionLine): boolean {
  return generation(line.key) === generation(other.key) && line.startMs < other.startMs;
}
