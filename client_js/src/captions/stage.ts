/** Everything `<live-captions>` shows: controls, captions, and the window that they may have gone to. */

import { Controls, type Control, type ControlFacts } from "./controls.js";
import { canFloat, float } from "./floating.js";
import { Lines, type RowsOptions } from "./lines.js";
import type { CaptionChange, CaptionLine } from "./model.js";
import type { Mode } from "./settings.js";
import type { Speakers } from "./speakers.js";
import { sheetFor } from "./style.js";
import { make, setText, type Mark, type Surface } from "./surface.js";
import { Transcript } from "./transcript.js";
import type { Words } from "./words.js";

export interface StageSettings extends RowsOptions {
  mode: Mode;
  words: Words;
  controls: ReadonlySet<Control>;
}

export interface StageHandlers {
  act(action: "start" | "smaller" | "larger" | "contrast" | "mode" | "window"): void;
  follow(following: boolean): void;
  /** What there is to show, asked for when captions are drawn in a new place. */
  lines(): readonly CaptionLine[];
  facts(): Omit<ControlFacts, "canFloat" | "floating" | "transcript">;
}

/** Attributes of the element that its window has, too. */
const MIRRORED = ["mode", "theme", "contrast", "timestamps", "background", "align"];
/** Where frames have stopped (a tab in the background), text is drawn so much later all the same. */
const LATE_MS = 250;

export class Stage {
  readonly #host: HTMLElement;
  readonly #speakers: Speakers;
  readonly #tell: StageHandlers;
  readonly #controls: Controls;
  readonly #problem: HTMLElement;
  readonly #place: HTMLElement;
  readonly #away: HTMLElement;
  readonly #latest: HTMLButtonElement;
  #settings: StageSettings;
  #surface: Surface | undefined;
  #window: Window | undefined;
  #windowHost: HTMLElement | undefined;
  #pending: CaptionChange[] = [];
  #frame: number | undefined;
  #timer: number | undefined;
  #marks: readonly Mark[] = [];
  #current: Mark | undefined;

  constructor(host: HTMLElement, speakers: Speakers, settings: StageSettings, handlers: StageHandlers) {
    this.#host = host;
    this.#speakers = speakers;
    this.#settings = settings;
    this.#tell = handlers;
    const document = host.ownerDocument;
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheetFor(document)];
    const frame = make(document, "div", "frame");
    frame.setAttribute("part", "frame");
    this.#controls = new Controls(document, settings.words, (action) => handlers.act(action));
    this.#problem = make(document, "p", "problem");
    this.#problem.setAttribute("role", "alert");
    this.#place = make(document, "div", "stage");
    this.#latest = make(document, "button", "latest") as HTMLButtonElement;
    this.#latest.type = "button";
    this.#latest.hidden = true;
    this.#latest.addEventListener("click", () => {
      this.follow();
      this.#surface?.root.focus();
    });
    this.#away = make(document, "p", "away");
    frame.append(this.#controls.root, this.#problem, this.#place, this.#away);
    root.replaceChildren(frame);
    this.problem = "";
  }

  get handle(): HTMLElement {
    return this.#controls.handle;
  }

  get floating(): boolean {
    return this.#window !== undefined;
  }

  set status(text: string) {
    this.#controls.status = text;
  }

  /** What went wrong, in words; empty hides it. */
  set problem(text: string) {
    this.#problem.hidden = text === "";
    setText(this.#problem, text);
  }

  /** Takes over settings; captions are drawn anew where those of theirs have changed. */
  set settings(settings: StageSettings) {
    const before = this.#settings;
    this.#settings = settings;
    const drawn = ["mode", "rows", "wordsPerMinute", "lingerMs", "firmOnly", "words"] as const;
    if (this.#surface !== undefined && drawn.some((name) => before[name] !== settings[name])) this.draw();
    this.refresh();
  }

  /** Draws all captions, in the window if there is one. */
  draw(): void {
    this.#cancel();
    this.#surface?.dispose();
    const document = this.#window?.document ?? this.#host.ownerDocument;
    const { mode, words } = this.#settings;
    const options = {
      document, label: words.captions, speakers: this.#speakers,
      onFollow: (on: boolean) => {
        this.#latest.hidden = on;
        this.#tell.follow(on);
      },
    };
    this.#surface = mode === "transcript" ? new Transcript(options) : new Lines(options, this.#settings);
    const place = this.#window === undefined ? this.#place : this.#openWindow(document);
    this.#latest.hidden = true;
    place.append(this.#surface.root, this.#latest);
    this.#surface.load(this.#tell.lines());
    this.#surface.mark(this.#marks, this.#current);
    this.refresh();
  }

  /** Shows the state of everything that is not text of captions. */
  refresh(): void {
    const { words, controls, mode } = this.#settings;
    const facts = this.#tell.facts();
    this.#controls.words = words;
    this.#controls.show(controls, {
      ...facts, floating: this.floating, canFloat: canFloat(), transcript: mode === "transcript",
    });
    setText(this.#latest, words.latest);
    setText(this.#away, words.inWindow);
    this.#away.hidden = !this.floating;
    this.#place.hidden = this.floating;
    this.#mirror();
  }

  /** Draws changes with the next frame. */
  apply(changes: readonly CaptionChange[]): void {
    this.#pending.push(...changes);
    if (this.#surface === undefined || this.#timer !== undefined || changes.length === 0) return;
    const view = this.#view;
    this.#frame = view.requestAnimationFrame(() => this.#flush());
    this.#timer = view.setTimeout(() => this.#flush(), LATE_MS);
  }

  clear(): void {
    this.#cancel();
    this.#surface?.clear();
  }

  relayout(): void {
    this.#surface?.relayout();
  }

  follow(): void {
    this.#surface?.follow();
  }

  reveal(key: string): boolean {
    this.#flush();
    return this.#surface?.reveal(key) ?? false;
  }

  mark(marks: readonly Mark[], current?: Mark): void {
    this.#marks = marks;
    this.#current = current;
    this.#surface?.mark(marks, current);
  }

  /** Opens the captions in a window of their own, or closes it; false where the browser has none. */
  async toggleWindow(): Promise<boolean> {
    if (this.#window !== undefined) {
      this.#window.close();
      return true;
    }
    if (!canFloat()) return false;
    const size = this.#settings.mode === "lines" ? { width: 640, height: 140 } : { width: 480, height: 480 };
    this.#window = await float(size, () => {
      this.#window = this.#windowHost = undefined;
      this.draw();
    });
    this.draw();
    return true;
  }

  dispose(): void {
    this.#cancel();
    this.#window?.close();
    this.#surface?.dispose();
    this.#surface = undefined;
  }

  get #view(): Window {
    return this.#window ?? this.#host.ownerDocument.defaultView ?? window;
  }

  #openWindow(document: Document): HTMLElement {
    if (this.#windowHost === undefined) {
      this.#windowHost = make(document, "div", "");
      const root = this.#windowHost.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheetFor(document)];
      const frame = make(document, "div", "frame");
      frame.append(make(document, "main", "stage"));
      root.append(frame);
      document.title = this.#settings.words.captions;
      document.documentElement.lang = this.#host.ownerDocument.documentElement.lang;
      document.body.style.margin = "0";
      document.body.append(this.#windowHost);
    }
    return this.#windowHost.shadowRoot?.querySelector(".stage") as HTMLElement;
  }

  #mirror(): void {
    const to = this.#windowHost;
    if (to === undefined) return;
    to.toggleAttribute("floating", true);
    for (const name of MIRRORED) {
      const value = this.#host.getAttribute(name);
      if (value === null) to.removeAttribute(name);
      else to.setAttribute(name, value);
    }
  }

  #flush(): void {
    const changes = this.#pending;
    this.#cancel();
    this.#surface?.apply(changes);
  }

  #cancel(): void {
    const view = this.#view;
    if (this.#frame !== undefined) view.cancelAnimationFrame(this.#frame);
    view.clearTimeout(this.#timer);
    this.#frame = this.#timer = undefined;
    this.#pending = [];
  }
}
