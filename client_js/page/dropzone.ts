/** Takes a recording that is dropped anywhere on the page, or chosen from the device's files. */

import { byId, toggle } from "./dom.js";

export interface DropzoneHandlers {
  file(file: File): void;
  /** Not one file, but none or several. */
  unfit(): void;
}

export class Dropzone {
  readonly #hint = byId("drop");
  readonly #chooser = byId("file", HTMLInputElement);
  readonly #tell: DropzoneHandlers;
  /** Off while something runs: there is one text at a time. */
  enabled = true;

  constructor(handlers: DropzoneHandlers) {
    this.#tell = handlers;
    byId("recording").addEventListener("click", () => this.#chooser.click());
    this.#chooser.addEventListener("change", () => {
      this.#take(this.#chooser.files);
      // The same file may be chosen again.
      this.#chooser.value = "";
    });
    addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      // Without it the browser would leave the page for the file.
      event.preventDefault();
      toggle(this.#hint, this.enabled);
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = this.enabled ? "copy" : "none";
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) toggle(this.#hint, false);
    });
    addEventListener("drop", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      toggle(this.#hint, false);
      this.#take(event.dataTransfer?.files ?? null);
    });
  }

  #take(files: FileList | null): void {
    if (!this.enabled) return;
    const file = files?.[0];
    if (file === undefined || files?.length !== 1) this.#tell.unfit();
    else this.#tell.file(file);
  }
}

function holdsFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
