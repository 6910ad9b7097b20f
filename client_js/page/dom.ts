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

let announced: string | undefined;

/** `share` fills the bar of progress; undefined where there is nothing to measure, null for no bar. */
export function showStatus(status: Status, share: number | undefined | null): void {
  byId("dock").dataset["tone"] = status.tone;
  setText(byId("headline"), status.headline);
  setText(byId("hint"), status.hint);
  showProgress(share);
  if (status.announcement === announced) return;
  // What stood there when the page opened is no news.
  if (announced !== undefined) announce(status.announcement);
  announced = status.announcement;
}

function showProgress(share: number | undefined | null): void {
  const bar = byId("progress", HTMLProgressElement);
  toggle(bar, share !== null);
  if (share === undefined) bar.removeAttribute("value");
  else bar.value = share ?? 0;
}

/** Shows the panel, or hides it without an explanation. */
export function showFailure(explanation: Explanation | undefined): void {
  const panel = byId("failure");
  toggle(panel, explanation !== undefined);
  if (explanation === undefined) return;
  setText(byId("failure-title"), explanation.title);
  byId("failure-advice").replaceChildren(
    ...explanation.advice.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
}

export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
