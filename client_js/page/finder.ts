/** The search: a field over the captions, how many there are, and the way from one to the next. */

import { byId, toggle } from "./dom.js";
import type { Say } from "./say.js";
import { Search, type Match, type SearchLine } from "./search.js";

export interface FinderHandlers {
  lines(): Iterable<SearchLine>;
  /** Shows what was found; `jump` where the reader asked to be taken to the current one. */
  found(matches: readonly Match[], current: number, jump: boolean): void;
  opened(open: boolean): void;
}

export class Finder {
  readonly #bar = byId("find-bar", HTMLFormElement);
  readonly #field = byId("find", HTMLInputElement);
  readonly #count = byId("find-count", HTMLOutputElement);
  readonly #button = byId("search", HTMLButtonElement);
  readonly #steps = [byId("find-previous", HTMLButtonElement), byId("find-next", HTMLButtonElement)];
  readonly #search = new Search();
  readonly #tell: FinderHandlers;
  #say: Say;
  #matches: Match[] = [];
  #current = -1;

  constructor(say: Say, handlers: FinderHandlers) {
    this.#say = say;
    this.#tell = handlers;
    this.#button.addEventListener("click", () => (this.open ? this.close() : this.show()));
    byId("find-close").addEventListener("click", () => this.close());
    byId("find-previous").addEventListener("click", () => this.#step(-1));
    byId("find-next").addEventListener("click", () => this.#step(1));
    this.#field.addEventListener("input", () => this.#typed());
    this.#bar.addEventListener("submit", (event) => event.preventDefault());
    this.#bar.addEventListener("keydown", (event) => this.#pressed(event));
    addEventListener("keydown", (event) => this.#shortcut(event));
  }

  get open(): boolean {
    return !this.#bar.hidden;
  }

  show(): void {
    toggle(this.#bar, true);
    this.#tell.opened(true);
    this.#button.setAttribute("aria-expanded", "true");
    this.#field.focus();
    this.#field.select();
    this.#typed();
  }

  close(): void {
    if (!this.open) return;
    toggle(this.#bar, false);
    this.#button.setAttribute("aria-expanded", "false");
    this.#matches = [];
    this.#tell.found([], -1, false);
    this.#button.focus();
    this.#tell.opened(false);
  }

  /** To be called when the text changed: counts anew, and stays where the reader is. */
  refresh(): void {
    if (!this.open) return;
    const before = this.#matches[this.#current];
    this.#matches = this.#search.find(this.#tell.lines(), this.#field.value);
    const same = before === undefined
      ? -1
      : this.#matches.findIndex(({ key, start }) => key === before.key && start === before.start);
    this.#current = same >= 0 ? same : Math.min(Math.max(this.#current, 0), this.#matches.length - 1);
    this.#draw(false);
  }

  translate(say: Say): void {
    this.#say = say;
    this.#drawCount();
  }

  #typed(): void {
    this.#matches = this.#search.find(this.#tell.lines(), this.#field.value);
    // The newest is what a reader of live text looks back from.
    this.#current = this.#matches.length - 1;
    this.#draw(true);
  }

  #step(by: number): void {
    const { length } = this.#matches;
    if (length === 0) return;
    this.#current = (this.#current + by + length) % length;
    this.#draw(true);
  }

  #pressed(event: KeyboardEvent): void {
    // What a composing input method takes is not ours.
    if (event.isComposing) return;
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target === this.#field) this.#step(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  }

  /** Ctrl+F finds in all captions, also those that are not laid out; pressed again it is the browser's. */
  #shortcut(event: KeyboardEvent): void {
    const find = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key === "f";
    if (!find || this.#button.disabled || document.activeElement === this.#field) return;
    if (document.querySelector("dialog[open]") !== null) return;
    event.preventDefault();
    this.show();
  }

  #draw(jump: boolean): void {
    this.#drawCount();
    for (const button of this.#steps) button.disabled = this.#matches.length < 2;
    this.#tell.found(this.#matches, this.#current, jump);
  }

  #drawCount(): void {
    const { words } = this.#say.messages;
    const { length } = this.#matches;
    const asked = this.#field.value.trim() !== "";
    const text = !asked
      ? ""
      : length === 0
        ? words.noMatch
        : words.matches(this.#say.number(this.#current + 1), this.#say.number(length));
    if (this.#count.value !== text) this.#count.value = text;
  }
}
