/**
 * A few rows that scroll up word by word, as live subtitles do.
 *
 * A screen reader hears finals from a `role="log"` out of sight; of the rows it finds only what has
 * no final yet, so that nothing is there twice.
 */

import { direction } from "./breaking.js";
import type { CaptionChange, CaptionLine } from "./model.js";
import { Screen, type Row, type ScreenOptions } from "./screen.js";
import { make, setText, type Surface, type SurfaceOptions } from "./surface.js";

export type RowsOptions = Omit<ScreenOptions, "nameOf">;

/** Finals that stay in the log. */
const LOG_LINES = 12;
const SCROLL_MS = 180;

interface RowElement {
  readonly root: HTMLElement;
  readonly who: HTMLElement;
  readonly name: HTMLElement;
  shown: string;
}

export class Lines implements Surface {
  readonly root: HTMLElement;
  readonly #options: SurfaceOptions;
  readonly #rowCount: number;
  readonly #screen: Screen;
  readonly #log: HTMLElement;
  readonly #box: HTMLElement;
  readonly #view: Window & typeof globalThis;
  readonly #observer: ResizeObserver;
  readonly #pen: CanvasRenderingContext2D | null;
  #rows = new Map<string, RowElement>();
  #timer: number | undefined;
  #lastChannel = -1;

  constructor(options: SurfaceOptions, rows: RowsOptions) {
    const { document, label, speakers } = (this.#options = options);
    this.#rowCount = rows.rows;
    this.#view = (document.defaultView ?? globalThis) as Window & typeof globalThis;
    this.#screen = new Screen({ ...rows, nameOf: (channel) => speakers.name(channel) });
    this.root = make(document, "div", "screen");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", label);
    this.root.setAttribute("part", "screen");
    this.#log = make(document, "div", "log offscreen");
    this.#log.setAttribute("role", "log");
    this.#log.setAttribute("aria-label", label);
    this.#box = make(document, "div", "rows");
    this.#box.style.setProperty("--rows", String(rows.rows));
    this.root.append(this.#log, this.#box);
    this.#pen = document.createElement("canvas").getContext("2d");
    this.#observer = new this.#view.ResizeObserver(() => this.relayout());
    this.#observer.observe(this.#box);
  }

  load(lines: readonly CaptionLine[]): void {
    this.clear();
    const recent = lines.slice(-3);
    for (const line of recent) this.#screen.apply({ kind: "updated", line }, this.#now);
    this.#tick();
  }

  apply(changes: readonly CaptionChange[]): void {
    if (changes.length === 0) return;
    for (const change of changes) {
      this.#screen.apply(change, this.#now);
      if (change.kind === "settled") this.#say(change.line);
    }
    this.#tick();
  }

  clear(): void {
    this.#screen.clear();
    this.#log.replaceChildren();
    this.#lastChannel = -1;
    this.#draw();
  }

  follow(): void {}

  relayout(): void {
    const pen = this.#pen;
    if (pen !== null && this.#box.clientWidth > 0) {
      const { font } = this.#view.getComputedStyle(this.#box);
      pen.font = font;
      // Names are bolder than what is measured here.
      const width = 0.98 * this.#box.clientWidth;
      this.#screen.fits = (text) => pen.measureText(text).width <= width;
    }
    this.#draw();
  }

  reveal(): boolean {
    return false;
  }

  mark(): void {}

  dispose(): void {
    this.#view.clearTimeout(this.#timer);
    this.#observer.disconnect();
    this.root.remove();
  }

  get #now(): number {
    return performance.now();
  }

  #tick(): void {
    this.#view.clearTimeout(this.#timer);
    this.#screen.tick(this.#now);
    this.#draw();
    const wait = this.#screen.wait(this.#now);
    if (wait !== undefined) this.#timer = (this.#view as Window).setTimeout(() => this.#tick(), Math.max(4, wait));
  }

  /** Into the log: what a screen reader says, once. */
  #say(line: CaptionLine): void {
    const { document, speakers } = this.#options;
    const said = make(document, "p", "");
    said.lang = line.language;
    said.dir = direction(line.language);
    const name = line.channel === this.#lastChannel ? "" : speakers.name(line.channel);
    said.textContent = (name === "" ? "" : `${name}: `) + line.committed;
    this.#lastChannel = line.channel;
    this.#log.append(said);
    while (this.#log.childElementCount > LOG_LINES) this.#log.firstElementChild?.remove();
  }

  #draw(): void {
    const rows = this.#screen.rows();
    const before = [...this.#rows.keys()];
    const known = this.#rows;
    this.#rows = new Map();
    for (const row of rows) {
      const element = known.get(row.id) ?? this.#make(row);
      this.#rows.set(row.id, element);
      this.#fill(element, row);
    }
    for (const [id, { root }] of known) if (!this.#rows.has(id)) root.remove();
    let at: Element | null = this.#box.firstElementChild;
    for (const { root } of this.#rows.values()) {
      if (root === at) at = at.nextElementSibling;
      else this.#box.insertBefore(root, at);
    }
    this.#animate(before, rows);
  }

  /** A row that came below the others pushes them up, visibly, where motion is wanted. */
  #animate(before: readonly string[], rows: readonly Row[]): void {
    const scrolled = before.length === this.#rowCount && rows.length === this.#rowCount &&
      rows[0]?.id === before[1] && before.length > 1;
    if (!scrolled || !this.#view.matchMedia("(prefers-reduced-motion: no-preference)").matches) return;
    for (const { root } of this.#rows.values())
      root.animate({ transform: ["translateY(100%)", "none"] }, { duration: SCROLL_MS, easing: "ease-out" });
  }

  #make(row: Row): RowElement {
    const { document } = this.#options;
    const root = make(document, "p", "row");
    root.dir = row.direction;
    const who = make(document, "span", "who");
    // The name has a direction of its own, the colon behind it the row's.
    const name = make(document, "bdi", "");
    who.append(name, ": ");
    return { root, who, name, shown: "" };
  }

  #fill(element: RowElement, row: Row): void {
    const { speakers, document } = this.#options;
    const colour = speakers.colour(row.channel);
    const name = row.first ? speakers.name(row.channel) : "";
    const shown = JSON.stringify([row.parts, name, colour]);
    if (element.shown === shown) return;
    element.shown = shown;
    if (colour === undefined) delete element.root.dataset["speaker"];
    else element.root.dataset["speaker"] = String(colour);
    const spans = row.parts.map((part) => {
      const span = make(document, "span", part.firm ? "firm" : "guess");
      span.lang = part.language;
      span.textContent = part.text;
      // The log has it.
      if (part.settled) span.setAttribute("aria-hidden", "true");
      return span;
    });
    setText(element.name, name);
    const settled = row.parts.every((part) => part.settled);
    if (settled) element.who.setAttribute("aria-hidden", "true");
    else element.who.removeAttribute("aria-hidden");
    element.root.replaceChildren(...(name === "" ? [] : [element.who]), ...spans);
  }
}
