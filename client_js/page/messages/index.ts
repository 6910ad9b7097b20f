/** All tables of messages; one that lacks a key, or has one too many, does not compile. */

import { de } from "./de.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** The shape of a table: the same keys, any text. */
type Shape<T> = T extends string
  ? string
  : T extends (...given: infer Given) => infer Said
    ? (...given: Given) => Shape<Said>
    : T extends readonly string[]
      ? readonly string[]
      : { readonly [K in keyof T]: Shape<T[K]> };

export type Messages = Shape<typeof en>;
export type PageKey = keyof typeof en.page;
export type FailureKind = keyof typeof en.failures;

export type Locale = "en" | "de" | "zh";

export const messages = { en, de, zh } as const satisfies Record<Locale, Messages>;

/** Each language by its own name, and its tag. */
export const localeNames: Readonly<Record<Locale, { name: string; tag: string }>> = {
  en: { name: "English", tag: "en" },
  de: { name: "Deutsch", tag: "de" },
  zh: { name: "中文", tag: "zh-Hans" },
};

export function isLocale(text: unknown): text is Locale {
  return typeof text === "string" && Object.hasOwn(localeNames, text);
}

/** The first of the reader's languages that there is a table for; English where there is none. */
export function preferredLocale(languages: readonly string[]): Locale {
  for (const tag of languages) {
    const language = tag.toLowerCase().split("-", 1)[0];
    if (isLocale(language)) return language;
  }
  return "en";
}
