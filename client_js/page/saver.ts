/** The menu of files that the text can be saved as. */

import { announce, byId, toggle } from "./dom.js";
import { mediaTypes, written, type Format } from "./export/formats.js";
import type { Utterance } from "./export/utterance.js";
import type { Say } from "./say.js";

export class Saver {
  readonly #button = byId("save", HTMLButtonElement);
  readonly #menu = byId("save-menu");
  readonly #utterances: () => readonly Utterance[];
  #say: Say;

  constructor(say: Say, utterances: () => readonly Utterance[]) {
    this.#say = say;
    this.#utterances = utterances;
    this.#button.addEventListener("click", () => this.#show(this.#menu.hidden === true));
    for (const choice of this.#menu.querySelectorAll("button"))
      choice.addEventListener("click", () => this.#save(choice.dataset["format"] as Format));
    this.#menu.addEventListener("keydown", (event) => this.#pressed(event));
    addEventListener("pointerdown", ({ target }) => {
      if (!this.#menu.parentElement?.contains(target as Node)) this.#show(false);
    });
    this.#menu.parentElement?.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.#menu.parentElement?.contains(relatedTarget as Node | null)) this.#show(false);
    });
  }

  translate(say: Say): void {
    this.#say = say;
  }

  #show(shown: boolean): void {
    toggle(this.#menu, shown);
    this.#button.setAttribute("aria-expanded", String(shown));
    if (shown) this.#menu.querySelector("button")?.focus();
  }

  #pressed(event: KeyboardEvent): void {
    const choices = [...this.#menu.querySelectorAll("button")];
    const at = choices.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      this.#show(false);
      this.#button.focus();
    } else if (step !== undefined) choices[(at + step + choices.length) % choices.length]?.focus();
    else return;
    event.preventDefault();
  }

  #save(format: Format): void {
    const { words } = this.#say.messages;
    const name = `${words.fileName}-${stamp(new Date())}.${format}`;
    const blob = new Blob([written(format, this.#utterances())], { type: mediaTypes[format] });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    // Not at once: some browsers begin to read it only after this turn.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.#show(false);
    this.#button.focus();
    announce(words.saved(name));
  }
}

/** The local time, in a form that sorts and that every file system takes. */
function stamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}`;
}
