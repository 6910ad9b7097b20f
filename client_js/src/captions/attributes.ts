/** The attributes and plain properties of `<live-captions>`, read leniently: what is unknown is the default. */

import type { TranscriberOptions } from "../options.js";
import {
  choice, controls, namesIn, SIZES, within, type Mode, type Position, type Size, type Source,
} from "./settings.js";

/** What else the session is told at its start: hot words, prompt, task, endpointing … */
export type SessionSettings = Omit<TranscriberOptions, "url" | "token" | "getToken" | "language" | "audio">;

/** Words a minute that a reader follows well: BBC practice is 160 to 180. */
const PACE = 180;
const LINGER_S = 8;

// Loading the package where there is no document (a server that renders pages) must not fail.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class Attributes extends Base {
  // Accessors, not fields: those would overwrite what was set before the element was known.
  #getToken: (() => string | Promise<string>) | undefined;
  #options: SessionSettings = {};
  #deviceId: string | undefined;
  #workletUrl: string | URL | undefined;

  get mode(): Mode {
    return choice(this.getAttribute("mode"), ["lines", "transcript"], "lines");
  }
  set mode(mode: Mode) {
    this.setAttribute("mode", mode);
  }

  get source(): Source {
    return choice(this.getAttribute("source"), ["none", "microphone", "tab", "mixed"], "none");
  }
  set source(source: Source) {
    this.setAttribute("source", source);
  }

  get position(): Position {
    return choice(this.getAttribute("position"), ["inline", "top", "bottom"], "inline");
  }
  set position(position: Position) {
    this.setAttribute("position", position);
  }

  get size(): Size {
    return choice(this.getAttribute("size"), SIZES, "medium");
  }
  set size(size: Size) {
    this.setAttribute("size", size);
  }

  get language(): string {
    return this.getAttribute("language") || "auto";
  }
  set language(language: string) {
    this.setAttribute("language", language);
  }

  /** The server; without the attribute the one that the page came from. */
  get url(): string {
    return this.getAttribute("url") || new URL("/v1/stream", this.ownerDocument.baseURI).href;
  }
  set url(url: string) {
    this.setAttribute("url", url);
  }

  get token(): string | undefined {
    return this.getAttribute("token") ?? undefined;
  }
  set token(token: string | undefined) {
    if (token === undefined) this.removeAttribute("token");
    else this.setAttribute("token", token);
  }

  /** Names of the speakers by channel, separated by commas. */
  get speakers(): string[] {
    return namesIn(this.getAttribute("speakers"));
  }

  /** Fetches a token for each connection; better than the attribute `token`, which anyone can read. */
  get getToken(): (() => string | Promise<string>) | undefined {
    return this.#getToken;
  }
  set getToken(getToken: (() => string | Promise<string>) | undefined) {
    this.#getToken = getToken;
  }

  /** More of what `createTranscriber` takes. */
  get options(): SessionSettings {
    return this.#options;
  }
  set options(options: SessionSettings | undefined) {
    this.#options = options ?? {};
  }

  /** The microphone to be used. */
  get deviceId(): string | undefined {
    return this.#deviceId;
  }
  set deviceId(deviceId: string | undefined) {
    this.#deviceId = deviceId;
  }

  /** Address of `worklet.js`, where a Content-Security-Policy forbids Blobs. */
  get workletUrl(): string | URL | undefined {
    return this.#workletUrl;
  }
  set workletUrl(url: string | URL | undefined) {
    this.#workletUrl = url;
  }

  /** How captions are shown. */
  protected get appearance() {
    return {
      mode: this.mode,
      controls: controls(this.getAttribute("controls")),
      rows: Math.round(within(this.getAttribute("rows"), 2, 1, 6)),
      wordsPerMinute: within(this.getAttribute("pace"), PACE, 0, 1000),
      lingerMs: 1000 * within(this.getAttribute("linger"), LINGER_S, 0, 3600),
      firmOnly: this.hasAttribute("stable"),
    };
  }
}
