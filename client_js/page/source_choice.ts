/** What is listened to: microphone, tab or both; offered only where the browser can share a tab. */

import { canCaptureTab } from "../src/capture.js";
import { byId, toggle } from "./dom.js";
import type { SourceKind } from "./status.js";

export class SourceChoice {
  readonly #group = byId("sources", HTMLFieldSetElement);
  readonly #choices = [...this.#group.querySelectorAll("input")];
  readonly #possible = canCaptureTab();

  constructor(source: SourceKind, changed: (source: SourceKind) => void) {
    for (const choice of this.#choices) {
      choice.checked = choice.value === (this.#possible ? source : "microphone");
      choice.addEventListener("change", () => changed(this.value));
    }
  }

  get value(): SourceKind {
    return (this.#choices.find(({ checked }) => checked)?.value ?? "microphone") as SourceKind;
  }

  show(shown: boolean): void {
    toggle(this.#group, shown && this.#possible);
  }
}
