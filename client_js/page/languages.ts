/** The languages Whisper writes, with their names in the reader's own language. */

import { bcp47 } from "../src/captions.js";

/** In the order of the model's vocabulary, which is about that of its training hours. */
export const languageCodes: readonly string[] = (
  "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th " +
  "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr " +
  "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt " +
  "haw ln ha ba jw su"
).split(" ");

export interface LanguageChoice {
  code: string;
  name: string;
}

export interface LanguageChoices {
  /** Those the browser is set to. */
  preferred: LanguageChoice[];
  all: LanguageChoice[];
}

export function languageChoices(locale: string, preferred: readonly string[]): LanguageChoices {
  const names = new Intl.DisplayNames([locale, "en"], { type: "language" });
  const choice = (code: string): LanguageChoice => {
    const name = names.of(bcp47(code)) ?? code;
    return { code, name: name.charAt(0).toLocaleUpperCase(locale) + name.slice(1) };
  };
  const known = preferred
    .map((tag) => tag.toLowerCase().split("-", 1)[0] as string)
    .map((code) => (code === "nb" ? "no" : code))
    .filter((code, i, all) => languageCodes.includes(code) && all.indexOf(code) === i);
  const order = new Intl.Collator(locale);
  return {
    preferred: known.map(choice),
    all: languageCodes.map(choice).sort((a, b) => order.compare(a.name, b.name)),
  };
}
