/**
 * `<live-captions>`: a custom element that shows what is being said.
 *
 *   <live-captions source="microphone" url="wss://captions.example" language="en" controls></live-captions>
 *
 * It listens by itself (`source`), or shows what it is fed: `element.transcriber = …`, or
 * `element.message(m)` for each message of a server.
 */

import type { FeedMessage } from "../feed.js";
import { parseServerMessage, type ServerMessage, type Transcriber } from "../index.js";
import { Attributes } from "./attributes.js";
import { Listening, type SourceName } from "./listening.js";
import { CaptionModel, type CaptionChange, type CaptionLine } from "./model.js";
import { Mover, type Offset } from "./mover.js";
import { SIZES, stepped, type Mode, type Size } from "./settings.js";
import { Speakers } from "./speakers.js";
import { Stage, type StageSettings } from "./stage.js";
import type { Mark } from "./surface.js";
import { problem, wordsFor, type Words } from "./words.js";

export type CaptionsState =
  | "idle" | "asking" | "connecting" | "queued" | "listening" | "reconnecting" | "stopping";

/** Its events, and what their `detail` holds. */
export interface LiveCaptionsEvents {
  "captions-state": { state: CaptionsState };
  /** A `CaptureError` or `TranscriberError`, which has a `code`; the component tells of it in words, too. */
  "captions-error": { error: unknown };
  /** How loud the source is, for each chunk of sound. */
  "captions-level": { rms: number };
  /** The reader scrolled up to read, or is back at the newest text. */
  "captions-follow": { following: boolean };
  /** The reader has used the controls: to be kept for the next time. */
  "captions-settings": { size: Size; mode: Mode; contrast: string };
  /** The reader has moved it. */
  "captions-move": Offset;
}

const LATER = ["getToken", "options", "deviceId", "workletUrl", "labels", "channelNames", "transcriber", "offset"];

export class LiveCaptions extends Attributes {
  static readonly observedAttributes = [
    "source", "mode", "size", "contrast", "theme", "position", "speakers", "rows", "pace", "linger",
    "stable", "controls", "timestamps", "background", "align", "language", "lang",
  ];

  readonly #speakers = new Speakers((n) => this.#words.speaker.replace("{n}", String(n)));
  readonly #mover = new Mover(this, (offset) => this.#tell("captions-move", offset));
  #model = new CaptionModel();
  #stage: Stage | undefined;
  #labels: Partial<Words> = {};
  #names: readonly string[] | undefined;
  #words: Words = wordsFor("en");
  #listening: Listening | undefined;
  #transcriber: Transcriber | undefined;
  #forget: (() => void)[] = [];
  #state: CaptionsState = "idle";
  #queued = 0;

  connectedCallback(): void {
    for (const name of LATER) this.#upgrade(name);
    if (this.#stage === undefined) {
      this.#stage = new Stage(this, this.#speakers, this.#settings(), {
        act: (action) => void this.#act(action),
        follow: (following) => this.#tell("captions-follow", { following }),
        lines: () => this.#model.lines,
        facts: () => ({
          running: this.#listening !== undefined,
          startable: this.source !== "none",
          smallest: this.size === SIZES[0],
          largest: this.size === SIZES.at(-1),
          contrast: this.getAttribute("contrast") === "high",
          movable: this.position !== "inline",
        }),
      });
      this.#mover.attach(this.#stage.handle);
    }
    this.#rename();
    this.#stage.settings = this.#settings();
    this.#stage.draw();
    this.ownerDocument.defaultView?.addEventListener("resize", this.#resized);
  }

  disconnectedCallback(): void {
    this.ownerDocument.defaultView?.removeEventListener("resize", this.#resized);
    // Moving an element within a document removes and adds it; only the first of that is known here.
    queueMicrotask(() => {
      if (this.isConnected) return;
      void this.stop();
      this.#stage?.dispose();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (this.#stage === undefined || before === now) return;
    if (name === "language") this.#transcriber?.configure({ language: this.language });
    if (name === "speakers" || name === "source" || name === "lang") this.#rename();
    this.#stage.settings = this.#settings();
    if (["size", "contrast", "theme", "speakers", "timestamps", "lang"].includes(name)) this.#stage.relayout();
    if (name === "position") this.#mover.offset = { x: 0, y: 0 };
  }

  /** Names of the speakers by channel; the attribute `speakers` has them separated by commas. */
  get channelNames(): readonly string[] {
    return this.#speakers.names;
  }
  set channelNames(names: readonly string[]) {
    this.#names = names;
    this.#rename();
    this.#stage?.relayout();
  }

  /** Words of the component that are to be others than its own. */
  get labels(): Partial<Words> {
    return this.#labels;
  }
  set labels(labels: Partial<Words>) {
    this.#labels = labels;
    this.#rename();
    if (this.#stage !== undefined) this.#stage.settings = this.#settings();
  }

  /** Pixels that it was dragged away from its position. */
  get offset(): Offset {
    return this.#mover.offset;
  }
  set offset(offset: Offset) {
    this.#mover.offset = offset;
    if (this.isConnected) this.#mover.clamp();
  }

  // What it shows.

  /** The lines and their text; who feeds the model itself hands on what `apply` returned. */
  get model(): CaptionModel {
    return this.#model;
  }

  get lines(): readonly CaptionLine[] {
    return this.#model.lines;
  }

  /** All text so far, one line each. */
  get text(): string {
    return this.#model.text();
  }

  /** Takes a message: of a transcriber, or of a server as it came over the wire. */
  message(message: FeedMessage | ServerMessage | string): void {
    const read = readMessage(message);
    if (read === undefined) return;
    if (read.type === "reconnected") {
      if (!read.resumed) this.apply(this.#model.reconnected(read.lost_ms));
      return;
    }
    const change = this.#model.apply(read as ServerMessage);
    if (change !== undefined) this.apply([change]);
  }

  /** Shows changes of `model`. */
  apply(changes: readonly CaptionChange[]): void {
    for (const change of changes)
      if (change.kind !== "removed" && this.#speakers.saw(change.line.channel)) this.#stage?.relayout();
    this.#stage?.apply(changes);
  }

  /** The transcriber whose messages are shown; undefined takes it away, its text stays. */
  get transcriber(): Transcriber | undefined {
    return this.#transcriber;
  }
  set transcriber(transcriber: Transcriber | undefined) {
    if (transcriber === this.#transcriber) return;
    for (const forget of this.#forget.splice(0)) forget();
    this.apply(this.#model.restart());
    this.#transcriber = transcriber;
    if (transcriber === undefined) return;
    this.#forget = [
      transcriber.on("message", (message) => this.message(message)),
      transcriber.on("queued", ({ position }) => {
        this.#queued = position;
        this.#move("queued");
      }),
      transcriber.on("state", ({ to }) => {
        const states = { open: "listening", reconnecting: "reconnecting", stopping: "stopping", connecting: "connecting", closed: "idle" } as const;
        if (to in states) this.#move(states[to as keyof typeof states]);
      }),
      transcriber.on("closed", () => this.apply(this.#model.settleOpen())),
    ];
  }

  /** Forgets all text. */
  clear(): void {
    this.#model.clear();
    this.#stage?.clear();
  }

  /** Goes to the newest text and stays there. */
  follow(): void {
    this.#stage?.follow();
  }

  /** Brings a line of the transcript into view; false where it is not shown. */
  reveal(key: string): boolean {
    return this.#stage?.reveal(key) ?? false;
  }

  /** Points out parts of lines (what was searched for), and `current` among them. */
  mark(marks: readonly Mark[], current?: Mark): void {
    this.#stage?.mark(marks, current);
  }

  /** Opens the window of its own, or closes it; false where the browser has none. From a click. */
  toggleWindow(): Promise<boolean> {
    return this.#stage?.toggleWindow() ?? Promise.resolve(false);
  }

  // Listening by itself.

  get state(): CaptionsState {
    return this.#state;
  }

  /** Begins to listen to `source`; from a click, since browsers ask for permission. */
  async start(): Promise<void> {
    const { source } = this;
    if (this.#listening !== undefined || source === "none") return;
    if (this.#stage !== undefined) this.#stage.problem = "";
    const { url, language, token, getToken, deviceId, workletUrl } = this;
    this.#model.textLanguage = this.options.task === "translate" ? "en" : "";
    const listening = new Listening(
      {
        ...this.options, url, language, source: source as SourceName, names: this.#speakers.names,
        ...(token === undefined ? {} : { token }),
        ...(getToken === undefined ? {} : { getToken }),
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(workletUrl === undefined ? {} : { workletUrl }),
      },
      {
        transcriber: (transcriber) => (this.transcriber = transcriber),
        level: (rms) => this.#tell("captions-level", { rms }),
        over: (error) => this.#over(error),
      },
    );
    this.#listening = listening;
    this.#move("asking");
    await listening.start();
  }

  /** Ends after the last words; called again while that lasts, at once. */
  async stop(): Promise<void> {
    await this.#listening?.stop();
  }

  #over(error: unknown): void {
    this.#listening = undefined;
    this.transcriber = undefined;
    this.#move("idle");
    if (error === undefined) return;
    if (this.#stage !== undefined) this.#stage.problem = problem(this.#words, error);
    this.#tell("captions-error", { error });
  }

  async #act(action: "start" | "smaller" | "larger" | "contrast" | "mode" | "window"): Promise<void> {
    if (action === "start") return await (this.#listening === undefined ? this.start() : this.stop());
    if (action === "window") return void (await this.toggleWindow());
    if (action === "smaller") this.size = stepped(this.size, -1);
    if (action === "larger") this.size = stepped(this.size, 1);
    if (action === "contrast") this.#toggleContrast();
    if (action === "mode") this.mode = this.mode === "lines" ? "transcript" : "lines";
    this.#tell("captions-settings", { size: this.size, mode: this.mode, contrast: this.getAttribute("contrast") ?? "" });
  }

  #toggleContrast(): void {
    if (this.getAttribute("contrast") === "high") this.removeAttribute("contrast");
    else this.setAttribute("contrast", "high");
  }

  #move(state: CaptionsState): void {
    const changed = state !== this.#state;
    this.#state = state;
    if (this.#stage !== undefined) this.#stage.status = this.#status();
    this.#stage?.refresh();
    if (changed) this.#tell("captions-state", { state });
  }

  #status(): string {
    const state = this.#state;
    return state === "idle" ? "" : this.#words[state].replace("{n}", String(this.#queued));
  }

  #settings(): StageSettings {
    return { ...this.appearance, words: this.#words };
  }

  /** The words and names that follow from attributes and properties. */
  #rename(): void {
    const language = this.closest<HTMLElement>("[lang]")?.lang || globalThis.navigator?.language || "en";
    this.#words = { ...wordsFor(language), ...this.#labels };
    const given = this.#names ?? this.speakers;
    const { you, tab } = this.#words;
    this.#speakers.names = given.length > 0 ? given : this.source === "mixed" ? [you, tab] : [];
  }

  readonly #resized = () => {
    if (this.position !== "inline") this.#mover.clamp();
  };

  /** A property that was set before the element was known hides the accessor of its class. */
  #upgrade(name: string): void {
    if (!Object.hasOwn(this, name)) return;
    const own = this as unknown as Record<string, unknown>;
    const value = own[name];
    delete own[name];
    own[name] = value;
  }

  #tell<K extends keyof LiveCaptionsEvents>(name: K, detail: LiveCaptionsEvents[K]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** A message as the package reads it; what came as JSON, or as an object of it, is read first. */
function readMessage(message: FeedMessage | ServerMessage | string): FeedMessage | ServerMessage | undefined {
  if (typeof message === "string") return parseServerMessage(message);
  const raw = message.type === "warning" && typeof message.detail !== "object";
  return raw ? parseServerMessage(JSON.stringify(message)) : message;
}
