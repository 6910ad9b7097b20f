/**
 * Caption lines in the document.
 *
 * Settled lines go into a `role="log"` region, so that a screen reader says each once; open ones
 * stand below it, outside of any live region, in the same place and shape, so that settling one
 * moves nothing.
 */

import type { CaptionChange, CaptionLine } from "./model.js";
import { Scroller } from "./scroller.js";

export interface CaptionsViewOptions {
  /** Accessible name of the region. */
  label: string;
  /** Told when the view stops or resumes following the newest text. */
  onFollow?: (following: boolean) => void;
}

interface LineElements {
  line: CaptionLine;
  root: HTMLElement;
  committed: HTMLElement;
  tentative: HTMLElement;
}

export class CaptionsView {
  readonly #log = element("div", "captions-log");
  readonly #live = element("div", "captions-live");
  readonly #scroller: Scroller;
  readonly #open = new Map<string, LineElements>();

  /** Fills `port`, an element that scrolls. */
  constructor(port: HTMLElement, options: CaptionsViewOptions) {
    this.#log.setAttribute("role", "log");
    this.#log.setAttribute("aria-label", options.label);
    const content = element("div", "captions-content");
    content.append(this.#log, this.#live);
    const slack = element("div", "captions-slack");
    port.append(content, slack);
    this.#scroller = new Scroller(port, content, slack, (on) => options.onFollow?.(on));
  }

  get empty(): boolean {
    return this.#log.childElementCount + this.#live.childElementCount === 0;
  }

  apply(changes: readonly CaptionChange[]): void {
    for (const change of changes) {
      if (change.kind === "updated") this.#update(change.line);
      else if (change.kind === "settled") this.#settle(change.line);
      else this.#remove(change.key);
    }
    if (changes.length > 0) this.#scroller.changed();
  }

  clear(): void {
    this.#log.replaceChildren();
    this.#live.replaceChildren();
    this.#open.clear();
    this.#scroller.reset();
  }

  /** Scrolls to the newest text and stays there. */
  follow(): void {
    this.#scroller.follow();
  }

  /** To be called when the size of the text changed. */
  relayout(): void {
    this.#scroller.reset();
  }

  #update(line: CaptionLine): void {
    let shown = this.#open.get(line.key);
    if (shown === undefined) {
      shown = makeLine(line);
      this.#open.set(line.key, shown);
      this.#insert(this.#live, shown.root, line.startMs);
    }
    shown.line = line;
    fill(shown, line);
  }

  #settle(line: CaptionLine): void {
    const open = this.#open.get(line.key)?.root;
    const shown = makeLine(line);
    shown.root.classList.toggle("caption-first", open?.classList.contains("caption-first") === true);
    shown.tentative.remove();
    fill(shown, line);
    this.#remove(line.key);
    this.#insert(this.#log, shown.root, line.startMs);
  }

  #insert(parent: HTMLElement, child: HTMLElement, startMs: number): void {
    const last = this.#live.lastElementChild ?? this.#log.lastElementChild;
    const known = (last as HTMLElement | null)?.dataset["generation"];
    if (known !== undefined && known !== child.dataset["generation"])
      child.classList.add("caption-first");
    insertByStart(parent, child, startMs);
  }

  #remove(key: string): void {
    this.#open.get(key)?.root.remove();
    this.#open.delete(key);
  }
}

function makeLine(line: CaptionLine): LineElements {
  const root = element("p", "caption");
  root.dataset["start"] = String(line.startMs);
  root.dataset["channel"] = String(line.channel);
  root.dataset["generation"] = generation(line.key);
  const time = element("span", "caption-time");
  time.textContent = clock(line.startMs);
  // Read aloud before every sentence it would only disturb.
  time.setAttribute("aria-hidden", "true");
  const text = element("span", "caption-text");
  text.dir = "auto";
  const committed = element("span", "caption-committed");
  const tentative = element("span", "caption-tentative");
  text.append(committed, tentative);
  root.append(time, text);
  return { line, root, committed, tentative };
}

function fill(shown: LineElements, line: CaptionLine): void {
  // The space between the two belongs to the firm text, or the mark under the other starts early.
  const gap = line.tentative.length - line.tentative.trimStart().length;
  setText(shown.committed, line.committed + line.tentative.slice(0, gap));
  setText(shown.tentative, line.tentative.slice(gap));
  const text = shown.committed.parentElement as HTMLElement;
  if (text.lang !== line.language) text.lang = line.language;
}

function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Two people may speak at once: the earlier line stands first, whichever settles first. */
function insertByStart(parent: HTMLElement, child: HTMLElement, startMs: number): void {
  let before: Element | null = null;
  for (let at = parent.lastElementChild; at !== null; at = at.previousElementSibling) {
    const { start, generation } = (at as HTMLElement).dataset;
    if (generation !== child.dataset["generation"] || Number(start) <= startMs) break;
    before = at;
  }
  parent.insertBefore(child, before);
}

function generation(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/** Minutes and seconds, with hours once there are any. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

function element(name: string, className: string): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  return made;
}
