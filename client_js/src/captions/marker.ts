/**
 * Points out what was searched for, by the CSS Custom Highlight API: no element is added, so nothing moves.
 * Browsers without it (Firefox before 140) show the line that is meant with a frame instead.
 */

import type { LineElement } from "./line.js";
import type { Mark } from "./surface.js";

const FOUND = "live-captions-found";
const CURRENT = "live-captions-current";

export class Marker {
  readonly #view: Window & typeof globalThis;
  readonly #document: Document;
  readonly #elements: () => Iterable<LineElement>;
  #marks = new Map<string, Mark[]>();
  #current: Mark | undefined;
  #shown: readonly [Range[], Range[]] = [[], []];

  constructor(document: Document, elements: () => Iterable<LineElement>) {
    this.#document = document;
    this.#view = (document.defaultView ?? globalThis) as Window & typeof globalThis;
    this.#elements = elements;
  }

  mark(marks: readonly Mark[], current: Mark | undefined): void {
    this.#marks = new Map();
    for (const mark of marks) this.#marks.set(mark.key, [...(this.#marks.get(mark.key) ?? []), mark]);
    this.#current = current;
    this.refresh();
  }

  /** To be called when other lines are in the document than before. */
  refresh(): void {
    const idle = this.#marks.size === 0 && this.#shown[0].length + this.#shown[1].length === 0;
    if (idle) return;
    const [found, meant]: [Range[], Range[]] = [[], []];
    for (const element of this.#elements()) {
      const marks = this.#marks.get(element.line.key) ?? [];
      let here = false;
      for (const mark of marks) {
        const isMeant = mark.start === this.#current?.start && mark.key === this.#current.key;
        here ||= isMeant;
        const range = this.#range(element, mark);
        if (range !== undefined) (isMeant ? meant : found).push(range);
      }
      element.root.classList.toggle("found", here);
    }
    this.#paint([found, meant]);
  }

  dispose(): void {
    this.#paint([[], []]);
  }

  #range(element: LineElement, { start, end }: Mark): Range | undefined {
    const [from, to] = [element.at(start), element.at(end)];
    if (from === undefined || to === undefined) return undefined;
    const range = this.#document.createRange();
    range.setStart(...from);
    range.setEnd(...to);
    return range;
  }

  /** The registry is the document's: other components on the page keep theirs. */
  #paint(ranges: readonly [Range[], Range[]]): void {
    const { CSS, Highlight } = this.#view;
    if (typeof Highlight !== "function" || CSS?.highlights === undefined) return;
    [FOUND, CURRENT].forEach((name, i) => {
      const highlight = CSS.highlights.get(name) ?? new Highlight();
      for (const range of this.#shown[i] ?? []) highlight.delete(range);
      for (const range of ranges[i] ?? []) highlight.add(range);
      CSS.highlights.set(name, highlight);
    });
    this.#shown = ranges;
  }
}
