/** Puts a language's texts where index.html says they stand. */

import type { PageKey } from "./messages/index.js";
import type { Say } from "./say.js";

export function translate(root: Document, say: Say): void {
  const { page } = say.messages;
  const text = (name: string | undefined) => page[name as PageKey];
  root.documentElement.lang = say.tag;
  for (const element of root.querySelectorAll<HTMLElement>("[data-say]"))
    element.textContent = text(element.dataset["say"]);
  for (const element of root.querySelectorAll<HTMLElement>("[data-label]")) {
    const label = text(element.dataset["label"]);
    element.setAttribute("aria-label", label);
    if (element instanceof HTMLButtonElement) element.title = label;
    if (element instanceof HTMLInputElement) element.placeholder = label;
  }
  for (const element of root.querySelectorAll<HTMLElement>("[data-hint]"))
    element.title = text(element.dataset["hint"]);
}
