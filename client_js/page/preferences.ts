/** The reader's choices, kept by the browser where it allows that. */

import { isLocale, type Locale } from "./messages/index.js";
import type { SourceKind } from "./status.js";

export interface Preferences {
  language: string;
  task: "transcribe" | "translate";
  source: SourceKind;
  /** Of the microphone; empty for the system's choice. */
  deviceId: string;
  /** As typed. */
  hotwords: string;
  textSize: number;
  /** The newest words in two rows, in the place of the whole text. */
  rows: boolean;
  /** Of the page; undefined for the browser's. */
  locale: Locale | undefined;
}

const KEY = "wirescribe.preferences";

export const TEXT_SIZES = 5;

export function loadPreferences(languages: readonly string[]): Preferences {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    // Storage may be blocked or damaged; the defaults will do.
  }
  return readPreferences(stored, languages);
}

/** What of `stored` makes sense; the rest is as if it had never been chosen. Pure. */
export function readPreferences(stored: unknown, languages: readonly string[]): Preferences {
  const given = (typeof stored === "object" && stored !== null ? stored : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof given[name] === "string" ? given[name] : "");
  const { textSize, locale } = given;
  const source = text("source");
  const size = Number.isInteger(textSize) ? (textSize as number) : -1;
  return {
    language: languages.includes(text("language")) ? text("language") : "auto",
    task: text("task") === "translate" ? "translate" : "transcribe",
    source: source === "tab" || source === "both" ? source : "microphone",
    deviceId: text("deviceId"),
    hotwords: text("hotwords"),
    textSize: size >= 0 && size < TEXT_SIZES ? size : 1,
    rows: given["rows"] === true,
    locale: isLocale(locale) ? locale : undefined,
  };
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Nothing depends on it.
  }
}
