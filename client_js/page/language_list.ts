/** The list of spoken languages, in the page's language, the reader's own first. */

import { languageChoices, type LanguageChoice } from "./languages.js";
import type { Say } from "./say.js";

export function fillLanguages(list: HTMLSelectElement, say: Say, chosen: string): void {
  const { preferred, all } = languageChoices(say.tag, navigator.languages);
  const { detect, yours, allLanguages } = say.messages.words;
  list.replaceChildren(option({ code: "auto", name: detect }));
  if (preferred.length > 0) list.append(group(yours, preferred));
  list.append(group(allLanguages, all));
  list.value = chosen;
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
