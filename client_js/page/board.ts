/** The captions on the page, and what of them was found. */

import { CaptionsView, type CaptionChange } from "../src/captions.js";
import type { Match } from "./search.js";

export interface BoardHandlers {
  follow(following: boolean): void;
  /** The keys of all lines, in their order. */
  keys(): readonly string[];
}

const FOUND = "wirescribe-found";
const CURRENT = "wirescribe-current";

export class Board {
  readonly #port: HTMLElement;
  readonly #view: CaptionsView;
  readonly #tell: BoardHandlers;
  /** Of each channel; a session of one channel has none. */
  speakers: readonly string[] = [];

  constructor(port: HTMLElement, handlers: BoardHandlers) {
    this.#port = port;
    this.#tell = handlers;
    this.#view = new CaptionsView(port, { label: "Captions", onFollow: (on) => handlers.follow(on) });
  }

  set label(label: string) {
    this.#port.querySelector("[role=log]")?.setAttribute("aria-label", label);
  }

  get empty(): boolean {
    return this.#view.empty;
  }

  apply(changes: readonly CaptionChange[]): void {
    this.#view.apply(changes);
  }

  clear(): void {
    this.#view.clear();
  }

  follow(): void {
    this.#view.follow();
  }

  relayout(): void {
    this.#view.relayout();
  }

  /** Marks what was found; with `jump` the current match is brought into view. */
  mark(matches: readonly Match[], current: number, jump: boolean): void {
    const keys = this.#tell.keys();
    const shown = this.#port.querySelectorAll(".caption-text");
    const ranges = matches.flatMap((match) => {
      const text = shown[keys.indexOf(match.key)];
      return text === undefined ? [] : [rangeOf(text, match)];
    });
    const now = matches[current] === undefined ? undefined : ranges[current];
    highlight(FOUND, ranges.filter((range) => range !== now));
    highlight(CURRENT, now === undefined ? [] : [now]);
    if (jump) now?.startContainer.parentElement?.scrollIntoView({ block: "center" });
  }
}

/** Where the browser can't mark text without changing it, the way to it has to do. */
function highlight(name: string, ranges: Range[]): void {
  if (!("highlights" in CSS)) return;
  if (ranges.length === 0) CSS.highlights.delete(name);
  else CSS.highlights.set(name, new Highlight(...ranges));
}

function rangeOf(root: Element, { start, end }: Match): Range {
  const range = document.createRange();
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let at = 0;
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const { length } = (node as Text).data;
    if (start >= at && start <= at + length) range.setStart(node, start - at);
    if (end >= at && end <= at + length) {
      range.setEnd(node, end - at);
      break;
    }
    at += length;
  }
  return range;
}
