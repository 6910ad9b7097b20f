/** The captions page: connects the controls to one run at a time. */

import { clock } from "../src/captions.js";
import { announce, byId, setText, showFailure, showStatus, toggle } from "./dom.js";
import { Board, canFloat } from "./board.js";
import { copyText } from "./clipboard.js";
import { Dropzone } from "./dropzone.js";
import { explain, PageError, wantsKey } from "./failures.js";
import { Finder } from "./finder.js";
import { readHotwords } from "./hotwords.js";
import { Key } from "./key.js";
import { fillLanguages } from "./language_list.js";
import { languageCodes } from "./languages.js";
import { Listening } from "./listening.js";
import { Meter } from "./meter.js";
import { preferredLocale } from "./messages/index.js";
import { loadPreferences, savePreferences } from "./preferences.js";
import { ReadinessWatch } from "./readiness.js";
import { Recording } from "./recording.js";
import type { Run, RunHandlers } from "./run.js";
import { Saver } from "./saver.js";
import { Say } from "./say.js";
import { Sheet, type ChangedPreference } from "./sheet.js";
import { SourceChoice } from "./source_choice.js";
import { atRest, describe, type Facts } from "./status.js";
import { Transcript } from "./transcript.js";
import { translate } from "./translate.js";
import { WakeLock } from "./wake.js";

const REFRESH_MS = 250;

export class App {
  readonly #languages = byId("language", HTMLSelectElement);
  readonly #task = byId("task", HTMLSelectElement);
  readonly #start = byId("start", HTMLButtonElement);
  readonly #pause = byId("pause", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);
  readonly #keyForm = byId("key-form", HTMLFormElement);
  readonly #keyField = byId("key", HTMLInputElement);
  readonly #key = new Key();
  readonly #meter = new Meter(byId("meter"));
  readonly #wake = new WakeLock();
  readonly #transcript = new Transcript();
  readonly #preferences = loadPreferences(["auto", ...languageCodes]);
  readonly #board = new Board();
  readonly #captions = this.#board.model;
  readonly #sources: SourceChoice;
  readonly #dropzone: Dropzone;
  readonly #finder: Finder;
  readonly #saver: Saver;
  readonly #sheet: Sheet;
  readonly #readiness = new ReadinessWatch(new URL("/readyz", location.href), () => this.#refresh());
  #say = this.#chosenLanguage();
  #run: Run | undefined;
  #failure: unknown;
  #summary: Facts["summary"];
  /** What a key, once it was entered, is wanted for. */
  #again: () => void = () => void this.#listen();

  constructor() {
    const say = this.#say;
    this.#sources = new SourceChoice(this.#preferences.source, (source) => {
      this.#preferences.source = source;
      savePreferences(this.#preferences);
    });
    this.#dropzone = new Dropzone({
      file: (file) => void this.#read(file),
      unfit: () => this.#showFailure(new PageError("no_single_file")),
    });
    this.#finder = new Finder(say, {
      lines: () => this.#lines(),
      found: (matches, current, jump) => this.#board.mark(matches, current, jump),
      opened: (open) => {
        this.#board.searching = open;
        if (!open) this.#board.follow();
      },
    });
    this.#saver = new Saver(say, () => this.#transcript.utterances);
    this.#sheet = new Sheet(say, this.#preferences, { changed: (name) => this.#preferenceChanged(name) });
    this.#task.value = this.#preferences.task;
    this.#board.textSize = this.#preferences.textSize;
    this.#board.rows = this.#preferences.rows;
    toggle(byId("window"), canFloat());
    this.#connectControls();
    this.#translate();
    this.#showEmptiness();
    this.#showRunning(false);
    setInterval(() => this.#refresh(), REFRESH_MS);
  }

  #connectControls(): void {
    const on = (id: string, run: () => unknown) => byId(id).addEventListener("click", () => void run());
    on("start", () => this.#listen());
    on("pause", () => this.#togglePause());
    on("stop", () => this.#run?.stop());
    on("window", () => this.#board.toggleWindow());
    on("dismiss", () => this.#dismiss());
    on("clear", () => this.#clear());
    on("copy", () => this.#copy());
    addEventListener("hashchange", () => this.#key.takeFromAddress());
    // A browser that holds sound back lets go of it at a touch.
    addEventListener("pointerdown", () => this.#run !== undefined && !this.#run.paused && this.#run.resume());
    addEventListener("beforeunload", (event) => this.#run !== undefined && event.preventDefault());
    this.#keyForm.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#key.set(this.#keyField.value);
      this.#again();
    });
    this.#languages.addEventListener("change", () => {
      this.#preferences.language = this.#languages.value;
      this.#run?.configure({ language: this.#languages.value });
      savePreferences(this.#preferences);
    });
    this.#task.addEventListener("change", () => {
      this.#preferences.task = this.#task.value === "translate" ? "translate" : "transcribe";
      savePreferences(this.#preferences);
    });
  }

  #chosenLanguage(): Say {
    return new Say(this.#preferences.locale ?? preferredLocale(navigator.languages));
  }

  #translate(): void {
    const say = (this.#say = this.#chosenLanguage());
    translate(document, say);
    fillLanguages(this.#languages, say, this.#preferences.language);
    for (const part of [this.#finder, this.#saver, this.#sheet]) part.translate(say);
    this.#board.translate(say);
    if (this.#failure !== undefined) this.#explain();
    this.#refresh();
  }

  #listen(): Promise<void> {
    const source = this.#sources.value;
    const { language, task, deviceId, hotwords } = this.#preferences;
    const { you, others } = this.#say.messages.words;
    this.#again = () => void this.#listen();
    return this.#begin((handlers) => new Listening(
      {
        source, task, language, deviceId,
        names: [you, others],
        hotwords: readHotwords(hotwords),
        url: new URL("/v1/stream", location.href).href,
        token: this.#key.value,
        workletUrl: new URL("worklet.js", import.meta.url),
      },
      this.#captions,
      handlers,
    ));
  }

  #read(file: File): Promise<void> {
    const { language, task, hotwords } = this.#preferences;
    this.#again = () => void this.#read(file);
    return this.#begin((handlers) => new Recording(
      { file, language, task, origin: location.origin, token: this.#key.value, hotwords: readHotwords(hotwords) },
      this.#captions,
      handlers,
    ));
  }

  async #begin(make: (handlers: RunHandlers) => Run): Promise<void> {
    if (this.#run !== undefined) return;
    this.#showFailure(undefined);
    this.#captions.textLanguage = this.#preferences.task === "translate" ? "en" : "";
    this.#board.follow();
    const wordsBefore = this.#captions.words;
    const run: Run = make({
      captions: (changes, final) => {
        for (const change of changes)
          if (change.kind === "settled")
            this.#transcript.add(change.line, final, run.speakers[change.line.channel] ?? "");
        this.#board.apply(changes);
        this.#finder.refresh();
        this.#showEmptiness();
      },
      facts: () => this.#refresh(),
      level: (rms) => this.#meter.add(rms),
      over: (error) => {
        const words = Math.max(0, this.#captions.words - wordsBefore);
        this.#summary = { words, elapsedMs: run.elapsedMs, ofFile: run instanceof Recording };
        this.#transcript.endRun(run.elapsedMs);
        this.#finished(error);
      },
    });
    this.#run = run;
    this.#board.speakers = run.speakers;
    this.#showRunning(true);
    void this.#wake.hold();
    await run.run();
  }

  #finished(error: unknown): void {
    this.#run = undefined;
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
    this.#failure = error;
    const wanted = error !== undefined && wantsKey(error);
    if (error === undefined) showFailure(undefined);
    else this.#explain();
    toggle(this.#keyForm, wanted);
    this.#keyField.value = "";
    if (wanted) this.#key.forget();
  }

  #explain(): void {
    const around = {
      origin: location.origin,
      offline: navigator.onLine === false,
      chosenDevice: this.#preferences.deviceId !== "",
    };
    showFailure(explain(this.#failure, around, this.#say));
  }

  #showRunning(running: boolean): void {
    const focused = document.activeElement;
    const moveFocus = [this.#start, this.#stop, this.#pause].some((each) => each === focused);
    toggle(this.#start, !running);
    toggle(byId("recording"), !running);
    toggle(this.#stop, running);
    this.#sources.show(!running);
    toggle(document.querySelector<HTMLElement>(".readings") as HTMLElement, running);
    this.#dropzone.enabled = !running;
    if (running) this.#readiness.stop();
    else this.#readiness.start();
    this.#task.disabled = running;
    this.#showEmptiness();
    this.#refresh();
    // The button that had the focus is gone; the one in its place takes over.
    if (moveFocus) (running ? this.#stop : this.#start).focus();
  }

  #showEmptiness(): void {
    const { empty } = this.#board;
    toggle(byId("welcome"), empty && this.#run === undefined);
    toggle(byId("waiting"), empty && this.#run !== undefined);
    for (const id of ["copy", "clear", "search"]) byId(id, HTMLButtonElement).disabled = empty;
    byId("save", HTMLButtonElement).disabled = this.#transcript.empty;
  }

  #refresh(): void {
    const run = this.#run;
    const facts: Facts = run
      ? { ...run.facts, summary: undefined }
      : { ...atRest, source: this.#sources.value, summary: this.#summary, readiness: this.#readiness.now };
    showStatus(describe(facts, this.#say), facts.file === undefined ? null : facts.file.share);
    const { words } = this.#say.messages;
    toggle(this.#pause, facts.phase === "live" || facts.phase === "paused" || facts.phase === "reconnecting");
    this.#pause.setAttribute("aria-pressed", String(run?.paused === true));
    setText(byId("pause-label"), run?.paused === true ? words.resume : words.pause);
    const stop = this.#pause.hidden ? words.cancel : words.stop;
    setText(byId("stop-label"), facts.phase === "stopping" ? words.stopNow : stop);
    setText(byId("elapsed"), clock(run?.elapsedMs ?? 0));
    setText(byId("latency"), facts.latencyMs === undefined ? "–" : this.#say.figure(facts.latencyMs));
  }

  #togglePause(): void {
    if (this.#run?.paused === true) this.#run.resume();
    else this.#run?.pause();
    this.#meter.clear();
  }

  #dismiss(): void {
    this.#showFailure(undefined);
    (this.#run === undefined ? this.#start : this.#stop).focus();
  }

  #preferenceChanged(name: ChangedPreference): void {
    savePreferences(this.#preferences);
    if (name === "textSize") this.#board.textSize = this.#preferences.textSize;
    if (name === "rows") this.#board.rows = this.#preferences.rows;
    if (name === "locale") this.#translate();
    if (name === "hotwords") this.#run?.configure({ hotwords: readHotwords(this.#preferences.hotwords) });
    if (name === "deviceId") this.#run?.useMicrophone(this.#preferences.deviceId);
  }

  *#lines(): Generator<{ key: string; text: string }> {
    for (const { key, committed, tentative } of this.#captions.lines) yield { key, text: committed + tentative };
  }

  #clear(): void {
    this.#captions.clear();
    this.#transcript.clear();
    this.#board.clear();
    this.#summary = undefined;
    this.#finder.close();
    this.#showEmptiness();
    this.#refresh();
    announce(this.#say.messages.words.cleared);
    (this.#run === undefined ? this.#start : this.#stop).focus();
  }

  async #copy(): Promise<void> {
    const copied = await copyText(this.#captions.text());
    const button = byId("copy");
    button.classList.toggle("done", copied);
    setTimeout(() => button.classList.remove("done"), 1500);
    const { words } = this.#say.messages;
    announce(copied ? words.copied : words.notCopied);
  }
}
