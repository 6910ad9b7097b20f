/**
 * The whole text, following its newest words unless the reader scrolled up to read.
 *
 * Three parts stand below each other in the same shape, so that a line that goes from one to the next
 * moves nothing: the history; the last lines in a `role="log"`, which a screen reader says once each,
 * when they arrive; and what is being said, outside of any live region.
 */

import { History, CHUNK_LINES } from "./history.js";
import { LineElement, precedes } from "./line.js";
import { Marker } from "./marker.js";
import type { CaptionChange, CaptionLine } from "./model.js";
import { Scroll } from "./scroll.js";
import { make, type Mark, type Surface, type SurfaceOptions } from "./surface.js";

/** Lines that the log keeps at most; the older half then becomes history. */
const LOG_LINES = 2 * CHUNK_LINES;

export class Transcript implements Surface {
  readonly root: HTMLElement;
  readonly #options: SurfaceOptions;
  readonly #history: History;
  readonly #logRoot: HTMLElement;
  readonly #openRoot: HTMLElement;
  readonly #tail: HTMLElement;
  readonly #scroll: Scroll;
  readonly #marker: Marker;
  #log: LineElement[] = [];
  #open: LineElement[] = [];

  constructor(options: SurfaceOptions) {
    const { document, label, speakers } = (this.#options = options);
    this.root = make(document, "div", "port");
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "region");
    this.root.setAttribute("aria-label", label);
    this.root.setAttribute("part", "port");
    this.#history = new History(document, speakers, () => this.#marker.refresh());
    this.#logRoot = make(document, "div", "log");
    this.#logRoot.setAttribute("role", "log");
    this.#logRoot.setAttribute("aria-label", label);
    this.#openRoot = make(document, "div", "open");
    this.#tail = make(document, "div", "tail");
    this.#tail.append(this.#logRoot, this.#openRoot);
    const slack = make(document, "div", "slack");
    const content = make(document, "div", "content");
    content.append(this.#history.root, this.#tail, slack);
    this.root.append(content);
    this.#scroll = new Scroll(this.root, this.#history, this.#tail, slack, options.onFollow);
    this.#marker = new Marker(document, () => this.#elements());
  }

  load(lines: readonly CaptionLine[]): void {
    this.clear();
    const settled = lines.filter((line) => line.settled);
    const whole = settled.length - (settled.length % CHUNK_LINES);
    for (let at = 0; at < whole; at += CHUNK_LINES) this.#history.add(settled.slice(at, at + CHUNK_LINES));
    // Some readers say what a new region begins with: better that than saying nothing that follows.
    for (const line of settled.slice(whole)) this.#settle(line);
    for (const line of lines) if (!line.settled) this.#update(line);
    this.#scroll.reset();
  }

  apply(changes: readonly CaptionChange[]): void {
    if (changes.length === 0) return;
    for (const change of changes) {
      if (change.kind === "updated") this.#update(change.line);
      else if (change.kind === "settled") this.#settle(change.line);
      else this.#remove(change.key);
    }
    this.#scroll.changed();
    this.#marker.refresh();
  }

  clear(): void {
    this.#history.clear();
    for (const element of [...this.#log, ...this.#open]) element.root.remove();
    this.#log = [];
    this.#open = [];
    this.#scroll.reset();
  }

  follow(): void {
    this.#scroll.follow();
  }

  relayout(): void {
    let before = this.#history.last;
    for (const element of [...this.#log, ...this.#open]) {
      element.introduce(this.#options.speakers, before);
      before = element.line;
    }
    this.#history.redraw();
    this.#scroll.reset();
  }

  reveal(key: string): boolean {
    const shown = [...this.#log, ...this.#open].find(({ line }) => line.key === key);
    if (shown !== undefined) this.#scroll.show(shown.root);
    else {
      const top = this.#history.find(key);
      if (top === undefined) return false;
      this.#scroll.reach(top);
      for (const element of this.#history.elements())
        if (element.line.key === key) this.#scroll.show(element.root);
    }
    this.#marker.refresh();
    return true;
  }

  mark(marks: readonly Mark[], current?: Mark): void {
    this.#marker.mark(marks, current);
  }

  dispose(): void {
    this.#scroll.dispose();
    this.#marker.dispose();
    this.root.remove();
  }

  *#elements(): Iterable<LineElement> {
    yield* this.#history.elements();
    yield* this.#log;
    yield* this.#open;
  }

  #update(line: CaptionLine): void {
    let element = this.#open.find((open) => open.line.key === line.key);
    if (element === undefined) {
      element = new LineElement(this.#options.document, line);
      this.#insert(this.#open, this.#openRoot, element);
    } else element.show(line, this.#options.speakers, this.#before(element));
  }

  #settle(line: CaptionLine): void {
    this.#remove(line.key);
    // A new element: only what is added to a log is read out.
    const element = new LineElement(this.#options.document, line);
    this.#insert(this.#log, this.#logRoot, element);
    this.#after(element);
    if (this.#log.length >= LOG_LINES) this.#archive();
  }

  #remove(key: string): void {
    const at = this.#open.findIndex(({ line }) => line.key === key);
    if (at < 0) return;
    const [element] = this.#open.splice(at, 1) as [LineElement];
    element.root.remove();
    this.#open[at]?.introduce(this.#options.speakers, this.#before(this.#open[at]));
  }

  /** Two people may speak at once: the earlier line stands first, whichever settles first. */
  #insert(list: LineElement[], root: HTMLElement, element: LineElement): void {
    let at = list.length;
    while (at > 0 && precedes(element.line, (list[at - 1] as LineElement).line)) at -= 1;
    const next = list[at]?.root ?? null;
    list.splice(at, 0, element);
    // Complete before it is there: what changes later would be read out again.
    element.show(element.line, this.#options.speakers, this.#before(element));
    root.insertBefore(element.root, next);
  }

  #before(element: LineElement): CaptionLine | undefined {
    const all = [...this.#log, ...this.#open];
    return all[all.indexOf(element) - 1]?.line ?? this.#history.last;
  }

  #after(element: LineElement): void {
    const all = [...this.#log, ...this.#open];
    all[all.indexOf(element) + 1]?.introduce(this.#options.speakers, element.line);
  }

  #archive(): void {
    const before = this.#tail.offsetHeight;
    const old = this.#log.splice(0, CHUNK_LINES);
    for (const { root } of old) root.remove();
    const height = before - this.#tail.offsetHeight;
    this.#history.add(old.map(({ line }) => line), height > 0 ? height : undefined);
    this.#scroll.moved(height);
  }
}
