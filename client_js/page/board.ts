/** The captions on the page: a `<live-captions>`, and what the page wants of it. */

import type { CaptionChange, CaptionModel } from "../src/captions.js";
import { LiveCaptions } from "../src/live-captions.js";
import { byId } from "./dom.js";
import { SIZES } from "../src/captions/settings.js";
import type { Match } from "./search.js";
import type { Say } from "./say.js";

export class Board {
  readonly #captions = byId("captions", LiveCaptions);
  #empty = true;
  #rows = false;
  #searching = false;

  get model(): CaptionModel {
    return this.#captions.model;
  }

  get empty(): boolean {
    return this.#empty;
  }

  /** Names of the channels; a session of one channel has none. */
  set speakers(names: readonly string[]) {
    // Lines of a run before keep the names they had.
    if (names.length > 0) this.#captions.channelNames = names;
  }

  /** The newest words in two rows, as subtitles, in the place of the whole text. */
  set rows(rows: boolean) {
    this.#rows = rows;
    this.#drawMode();
  }

  set textSize(size: number) {
    this.#captions.size = SIZES[size] ?? "medium";
  }

  translate(say: Say): void {
    const { captions, latest, inWindow } = say.messages.words;
    this.#captions.labels = { captions, latest, inWindow };
  }

  apply(changes: readonly CaptionChange[]): void {
    for (const { kind } of changes)
      this.#empty = kind === "removed" ? this.#captions.lines.length === 0 : false;
    this.#captions.apply(changes);
  }

  clear(): void {
    this.#captions.clear();
    this.#empty = true;
  }

  follow(): void {
    this.#captions.follow();
  }

  toggleWindow(): Promise<boolean> {
    return this.#captions.toggleWindow();
  }

  /** Marks what was found; with `jump` the current match is brought into view. */
  mark(matches: readonly Match[], current: number, jump: boolean): void {
    const match = matches[current];
    this.#captions.mark(matches, match);
    if (jump && match !== undefined) this.#captions.reveal(match.key);
  }

  /** Text is searched where all of it stands. */
  set searching(searching: boolean) {
    this.#searching = searching;
    this.#drawMode();
  }

  #drawMode(): void {
    const mode = this.#rows && !this.#searching ? "lines" : "transcript";
    if (this.#captions.mode !== mode) this.#captions.mode = mode;
  }
}

/** Whether the browser has windows that stay above all others. */
export function canFloat(): boolean {
  return "documentPictureInPicture" in globalThis;
}
