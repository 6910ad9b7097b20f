/** The few things the page does to its document. */

import type { Explanation } from "./failures.js";
import type { Status } from "./status.js";

/** The element that the page's own HTML must have. */
export function byId<T extends HTMLElement = HTMLElement>(
  id: string,
  kind: abstract new () => T = HTMLElement as never,
): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no #${id}`);
  return found;
}

export function toggle(element: HTMLElement, shown: boolean): void {
  element.hidden = !shown;
}

/** Says something to a screen reader without moving anything on the screen. */
export function announce(words: string): void {
  byId("announcer").textContent = words;
}

let announced = "Ready";

export function showStatus(status: Status): void {
  byId("dock").dataset["tone"] = status.tone;
  setText("headline", status.headline);
  setText("hint", status.hint);
  if (status.announcement === announced) return;
  announced = status.announcement;
  announce(announced);
}

/** Shows the panel, or hides it without an explanation. */
export function showFailure(explanation: Explanation | undefined): void {
  const panel = byId("failure");
  toggle(panel, explanation !== undefined);
  if (explanation === undefined) return;
  setText("failure-title", explanation.title);
  byId("failure-advice").replaceChildren(
    ...explanation.advice
      .filter((text) => text !== "")
      .map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
}

function setText(id: string, text: string): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}
