/** The settings, in a sheet at the side: size of the text, microphone, hot words, language. */

import { microphones, watchMicrophones } from "../src/capture.js";
import { announce, byId } from "./dom.js";
import { localeNames, type Locale } from "./messages/index.js";
import { TEXT_SIZES, type Preferences } from "./preferences.js";
import type { Say } from "./say.js";

export type ChangedPreference = "textSize" | "rows" | "deviceId" | "hotwords" | "locale";

export interface SheetHandlers {
  /** A preference was changed; it is in the object already. */
  changed(name: ChangedPreference): void;
}

export class Sheet {
  readonly #sheet = byId("settings-sheet", HTMLDialogElement);
  readonly #device = byId("device", HTMLSelectElement);
  readonly #hotwords = byId("hotwords", HTMLTextAreaElement);
  readonly #language = byId("page-language", HTMLSelectElement);
  readonly #rows = byId("rows", HTMLInputElement);
  readonly #preferences: Preferences;
  readonly #tell: SheetHandlers;
  #say: Say;

  constructor(say: Say, preferences: Preferences, handlers: SheetHandlers) {
    this.#say = say;
    this.#preferences = preferences;
    this.#tell = handlers;
    byId("settings").addEventListener("click", () => this.#open());
    byId("settings-close").addEventListener("click", () => this.#sheet.close());
    byId("smaller").addEventListener("click", () => this.#resizeText(-1));
    byId("larger").addEventListener("click", () => this.#resizeText(1));
    this.#sheet.addEventListener("click", (event) => {
      // The dialog itself is hit only beside what it holds: on its backdrop.
      if (event.target === this.#sheet) this.#sheet.close();
    });
    this.#rows.checked = preferences.rows;
    this.#rows.addEventListener("change", () => this.#set("rows", this.#rows.checked));
    this.#hotwords.value = preferences.hotwords;
    this.#hotwords.addEventListener("change", () => this.#set("hotwords", this.#hotwords.value));
    this.#device.addEventListener("change", () => this.#set("deviceId", this.#device.value));
    this.#language.addEventListener("change", () =>
      this.#set("locale", (this.#language.value || undefined) as Locale | undefined),
    );
    this.#showTextSize();
    if (globalThis.isSecureContext && navigator.mediaDevices !== undefined)
      watchMicrophones(() => void this.#listDevices());
  }

  translate(say: Say): void {
    this.#say = say;
    const { asBrowser } = say.messages.words;
    this.#language.replaceChildren(
      new Option(asBrowser, ""),
      ...Object.entries(localeNames).map(([locale, { name, tag }]) => {
        const option = new Option(name, locale);
        option.lang = tag;
        return option;
      }),
    );
    this.#language.value = this.#preferences.locale ?? "";
    void this.#listDevices();
  }

  #open(): void {
    void this.#listDevices();
    this.#sheet.showModal();
  }

  /** Names are known only once the page may listen; before that there is but the system's choice. */
  async #listDevices(): Promise<void> {
    const { standardDevice, unnamedDevice } = this.#say.messages.words;
    const known = await microphones().catch(() => []);
    const named = known.filter(({ deviceId }) => !["", "default", "communications"].includes(deviceId));
    this.#device.replaceChildren(
      new Option(standardDevice, ""),
      ...named.map(({ deviceId, label }, at) => new Option(label || unnamedDevice(this.#say.number(at + 1)), deviceId)),
    );
    const { deviceId } = this.#preferences;
    this.#device.value = named.some((device) => device.deviceId === deviceId) ? deviceId : "";
  }

  #set<Name extends "rows" | "deviceId" | "hotwords" | "locale">(name: Name, value: Preferences[Name]): void {
    this.#preferences[name] = value;
    this.#tell.changed(name);
  }

  #resizeText(step: number): void {
    const size = Math.min(TEXT_SIZES - 1, Math.max(0, this.#preferences.textSize + step));
    this.#preferences.textSize = size;
    this.#showTextSize();
    this.#tell.changed("textSize");
    const { sizeIs } = this.#say.messages.words;
    announce(sizeIs(this.#say.number(size + 1), this.#say.number(TEXT_SIZES)));
  }

  #showTextSize(): void {
    const { textSize } = this.#preferences;
    document.documentElement.dataset["textSize"] = String(textSize);
    byId("smaller", HTMLButtonElement).disabled = textSize === 0;
    byId("larger", HTMLButtonElement).disabled = textSize === TEXT_SIZES - 1;
  }
}
