/** The bar of buttons above the captions, for those that the page asked for. */

import { make, setText } from "./surface.js";
import type { Words } from "./words.js";

export const CONTROLS = ["start", "size", "contrast", "mode", "window", "move"] as const;
export type Control = (typeof CONTROLS)[number];

export interface ControlFacts {
  running: boolean;
  /** Whether there is something to start. */
  startable: boolean;
  smallest: boolean;
  largest: boolean;
  contrast: boolean;
  transcript: boolean;
  floating: boolean;
  canFloat: boolean;
  movable: boolean;
}

type Action = "start" | "smaller" | "larger" | "contrast" | "mode" | "window";

const icons: Readonly<Record<Exclude<Action, "start"> | "move", string>> = {
  smaller: "M4 18 8 7l4 11M5.3 15h5.4M15 12h6",
  larger: "M3 18 8 5l5 13M4.6 14.5h6.8M16 12h6M19 9v6",
  contrast: "M12 3a9 9 0 0 1 0 18zM12 3a9 9 0 0 0 0 18",
  mode: "M4 6h16M4 10h16M4 14h16M4 18h10",
  window: "M3 5h18v14H3zM12 12h6v4h-6z",
  move: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
};

export class Controls {
  readonly root: HTMLElement;
  /** What is dragged. */
  readonly handle: HTMLButtonElement;
  readonly #document: Document;
  readonly #status: HTMLElement;
  readonly #buttons = new Map<Action, HTMLButtonElement>();
  readonly #how: HTMLElement;
  #words: Words;

  constructor(document: Document, words: Words, act: (action: Action) => void) {
    this.#document = document;
    this.#words = words;
    this.root = make(document, "div", "bar");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("part", "controls");
    this.#status = make(document, "span", "status");
    this.#status.setAttribute("role", "status");
    for (const action of ["start", "smaller", "larger", "contrast", "mode", "window"] as const) {
      const button = this.#button(action === "start" ? undefined : icons[action]);
      button.addEventListener("click", () => act(action));
      this.#buttons.set(action, button);
    }
    this.#buttons.get("start")?.classList.add("start");
    this.handle = this.#button(icons.move);
    this.handle.classList.add("move");
    this.#how = make(document, "span", "offscreen");
    this.#how.id = "how";
    this.handle.setAttribute("aria-describedby", "how");
    const [start, ...others] = [...this.#buttons.values()];
    this.root.append(start as HTMLElement, this.#status, ...others, this.handle, this.#how);
  }

  set words(words: Words) {
    this.#words = words;
  }

  /** What is going on, in a few words; read out when it changes. */
  set status(text: string) {
    setText(this.#status, text);
  }

  show(wanted: ReadonlySet<Control>, facts: ControlFacts): void {
    const words = this.#words;
    this.root.hidden = wanted.size === 0;
    this.root.setAttribute("aria-label", words.controls);
    const start = this.#show("start", wanted.has("start") && (facts.startable || facts.running), facts.running ? words.stop : words.start);
    setText(start, facts.running ? words.stop : words.start);
    this.#show("smaller", wanted.has("size"), words.smaller).disabled = facts.smallest;
    this.#show("larger", wanted.has("size"), words.larger).disabled = facts.largest;
    pressed(this.#show("contrast", wanted.has("contrast"), words.contrast), facts.contrast);
    pressed(this.#show("mode", wanted.has("mode"), words.transcript), facts.transcript);
    const floats = wanted.has("window") && facts.canFloat;
    this.#show("window", floats, facts.floating ? words.closeWindow : words.openWindow);
    this.handle.hidden = !(wanted.has("move") && facts.movable);
    name(this.handle, words.move);
    setText(this.#how, words.moveHow);
  }

  #show(action: Action, wanted: boolean, label: string): HTMLButtonElement {
    const button = this.#buttons.get(action) as HTMLButtonElement;
    button.hidden = !wanted;
    if (action !== "start") name(button, label);
    return button;
  }

  #button(path: string | undefined): HTMLButtonElement {
    const button = make(this.#document, "button", "") as HTMLButtonElement;
    button.type = "button";
    if (path === undefined) return button;
    const namespace = "http://www.w3.org/2000/svg";
    const icon = this.#document.createElementNS(namespace, "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    const shape = this.#document.createElementNS(namespace, "path");
    shape.setAttribute("d", path);
    icon.append(shape);
    button.append(icon);
    return button;
  }
}

function name(button: HTMLButtonElement, label: string): void {
  button.setAttribute("aria-label", label);
  button.title = label;
}

function pressed(button: HTMLButtonElement, on: boolean): void {
  button.setAttribute("aria-pressed", String(on));
}
