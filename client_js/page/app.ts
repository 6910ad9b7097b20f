/** The captions page: connects the controls to one listening run at a time. */

import { CaptionModel, CaptionsView, clock } from "../src/captions.js";
import { canCaptureTab } from "../src/capture.js";
import type { Task } from "../src/index.js";
import { announce, byId, showFailure, showStatus, toggle } from "./dom.js";
import { copyText } from "./clipboard.js";
import { explain, wantsKey } from "./failures.js";
import { Key } from "./key.js";
import { languageChoices, languageCodes, type LanguageChoice } from "./languages.js";
import { Listening } from "./listening.js";
import { Meter } from "./meter.js";
import { loadPreferences, savePreferences, TEXT_SIZES, type Preferences } from "./preferences.js";
import { describe, type Facts, type SourceKind } from "./status.js";
import { WakeLock } from "./wake.js";

const REFRESH_MS = 250;

export class App {
  readonly #languages = byId("language", HTMLSelectElement);
  readonly #task = byId("task", HTMLSelectElement);
  readonly #start = byId("start", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);
  readonly #latest = byId("latest", HTMLButtonElement);
  readonly #meter = new Meter(byId("meter"));
  readonly #keyForm = byId("key-form", HTMLFormElement);
  readonly #keyField = byId("key", HTMLInputElement);
  readonly #key = new Key();
  readonly #captions = new CaptionModel();
  readonly #view: CaptionsView;
  readonly #wake = new WakeLock();
  readonly #preferences: Preferences;
  #listening: Listening | undefined;
  #summary: Facts["summary"];
  #lastSource: SourceKind = "microphone";

  constructor() {
    this.#preferences = loadPreferences(["auto", ...languageCodes]);
    this.#view = new CaptionsView(byId("captions"), {
      label: "Captions",
      onFollow: (following) => (this.#latest.hidden = following),
    });
    this.#fillControls();
    this.#listen();
    this.#showTextSize();
    this.#showEmptiness();
    this.#refresh();
    setInterval(() => this.#refresh(), REFRESH_MS);
  }

  #fillControls(): void {
    const { preferred, all } = languageChoices("en", navigator.languages);
    const auto = { code: "auto", name: "Detect automatically" };
    this.#languages.append(option(auto));
    if (preferred.length > 0) this.#languages.append(group("Yours", preferred));
    this.#languages.append(group("All languages", all));
    this.#languages.value = this.#preferences.language;
    this.#task.value = this.#preferences.task;
    toggle(byId("start-tab"), canCaptureTab());
  }

  #listen(): void {
    const on = (id: string, run: () => unknown) => byId(id).addEventListener("click", () => void run());
    on("start", () => this.#begin("microphone"));
    on("start-tab", () => this.#begin("tab"));
    on("stop", () => this.#listening?.stop());
    on("latest", () => this.#view.follow());
    on("dismiss", () => this.#dismiss());
    on("smaller", () => this.#resizeText(-1));
    on("larger", () => this.#resizeText(1));
    on("clear", () => this.#clear());
    on("copy", () => this.#copy());
    addEventListener("hashchange", () => this.#key.takeFromAddress());
    this.#keyForm.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#key.set(this.#keyField.value);
      void this.#begin(this.#lastSource);
    });
    this.#languages.addEventListener("change", () => {
      this.#preferences.language = this.#languages.value;
      this.#listening?.setLanguage(this.#languages.value);
      savePreferences(this.#preferences);
    });
    this.#task.addEventListener("change", () => {
      this.#preferences.task = this.#task.value === "translate" ? "translate" : "transcribe";
      savePreferences(this.#preferences);
    });
  }

  async #begin(source: SourceKind): Promise<void> {
    if (this.#listening !== undefined) return;
    this.#showFailure(undefined);
    const task: Task = this.#preferences.task;
    const wordsBefore = this.#captions.words;
    this.#captions.textLanguage = task === "translate" ? "en" : "";
    this.#lastSource = source;
    this.#view.follow();
    const listening: Listening = new Listening(
      {
        source,
        task,
        language: this.#preferences.language,
        url: new URL("/v1/stream", location.href).href,
        token: this.#key.value,
        workletUrl: new URL("worklet.js", import.meta.url),
      },
      this.#captions,
      {
        captions: (changes) => {
          this.#view.apply(changes);
          this.#showEmptiness();
        },
        facts: () => this.#refresh(),
        level: (rms) => this.#meter.add(rms),
        over: (error) => {
          const words = Math.max(0, this.#captions.words - wordsBefore);
          this.#summary = { words, elapsedMs: listening.elapsedMs };
          this.#finished(error);
        },
      },
    );
    this.#listening = listening;
    this.#showRunning(true);
    void this.#wake.hold();
    await listening.run();
  }

  #finished(error: unknown): void {
    this.#listening = undefined;
    this.#wake.release();
    this.#meter.clear();
    if (error !== undefined) {
      this.#summary = undefined;
      this.#showFailure(error);
    }
    this.#showRunning(false);
    if (!this.#keyForm.hidden) this.#keyField.focus();
    this.#refresh();
  }

  /** Explains what went wrong; undefined hides it. Where a key is wanted, there is a field for it. */
  #showFailure(error: unknown): void {
    const wanted = error !== undefined && wantsKey(error);
    showFailure(error === undefined ? undefined : explain(error, location.origin));
    toggle(this.#keyForm, wanted);
    this.#keyField.value = "";
    if (wanted) this.#key.forget();
  }

  #showRunning(running: boolean): void {
    const focused = document.activeElement;
    const moveFocus = focused === this.#stop || focused?.parentElement === this.#stop.parentElement;
    toggle(this.#start, !running);
    toggle(byId("start-tab"), !running && canCaptureTab());
    toggle(this.#stop, running);
    this.#task.disabled = running;
    this.#showEmptiness();
    // The button that had the focus is gone; the one in its place takes over.
    if (moveFocus) (running ? this.#stop : this.#start).focus();
    this.#refresh();
  }

  #showEmptiness(): void {
    const { empty } = this.#view;
    toggle(byId("welcome"), empty && this.#listening === undefined);
    toggle(byId("waiting"), empty && this.#listening !== undefined);
    for (const id of ["copy", "clear"]) byId(id, HTMLButtonElement).disabled = empty;
  }

  #refresh(): void {
    const listening = this.#listening;
    const facts: Facts = listening
      ? { ...listening.facts, summary: undefined }
      : { ...idle, source: this.#lastSource, summary: this.#summary };
    showStatus(describe(facts));
    byId("stop-label").textContent = stopLabel(facts.phase);
    byId("elapsed").textContent = clock(listening?.elapsedMs ?? 0);
    const latency = listening?.latencyMs;
    byId("latency").textContent = latency === undefined ? "–" : `${(latency / 1000).toFixed(1)} s`;
  }

  #dismiss(): void {
    this.#showFailure(undefined);
    (this.#listening === undefined ? this.#start : this.#stop).focus();
  }

  #resizeText(step: number): void {
    const size = Math.min(TEXT_SIZES - 1, Math.max(0, this.#preferences.textSize + step));
    this.#preferences.textSize = size;
    savePreferences(this.#preferences);
    this.#showTextSize();
    announce(`Text size ${size + 1} of ${TEXT_SIZES}`);
  }

  #showTextSize(): void {
    const { textSize } = this.#preferences;
    document.documentElement.dataset["textSize"] = String(textSize);
    byId("smaller", HTMLButtonElement).disabled = textSize === 0;
    byId("larger", HTMLButtonElement).disabled = textSize === TEXT_SIZES - 1;
    this.#view.relayout();
  }

  #clear(): void {
    this.#captions.clear();
    this.#view.clear();
    this.#summary = undefined;
    this.#showEmptiness();
    this.#refresh();
    announce("Text cleared");
    (this.#listening === undefined ? this.#start : this.#stop).focus();
  }

  async #copy(): Promise<void> {
    const copied = await copyText(this.#captions.text());
    const button = byId("copy");
    button.classList.toggle("done", copied);
    setTimeout(() => button.classList.remove("done"), 1500);
    announce(copied ? "Text copied" : "The browser did not allow copying.");
  }
}

const idle: Omit<Facts, "source" | "summary"> = {
  phase: "idle",
  speaking: false,
  quietMs: 0,
  queuePosition: 0,
  retryInMs: 0,
  goneMs: 0,
  offline: false,
  warning: "",
};

function stopLabel(phase: Facts["phase"]): string {
  if (phase === "stopping") return "Stop now";
  return phase === "live" || phase === "reconnecting" ? "Stop" : "Cancel";
}

function option({ code, name }: LanguageChoice): HTMLOptionElement {
  return new Option(name, code);
}

function group(label: string, choices: readonly LanguageChoice[]): HTMLOptGroupElement {
  const made = document.createElement("optgroup");
  made.label = label;
  made.append(...choices.map(option));
  return made;
}
