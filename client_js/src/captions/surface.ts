/** What shows captions: a transcript, or a few rows. One element of a document, its own or a window's. */

import type { CaptionChange, CaptionLine } from "./model.js";
import type { Speakers } from "./speakers.js";

/** Text to be pointed out: a part of a line, in UTF-16 units of its text. */
export interface Mark {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

export interface SurfaceOptions {
  /** Where it is shown; a picture-in-picture window has a document of its own. */
  document: Document;
  /** Accessible name. */
  label: string;
  speakers: Speakers;
  /** Told when following the newest text stops or begins again. */
  onFollow: (following: boolean) => void;
}

export interface Surface {
  readonly root: HTMLElement;
  /** Begins with lines that are there already; nothing of them is read out. */
  load(lines: readonly CaptionLine[]): void;
  apply(changes: readonly CaptionChange[]): void;
  clear(): void;
  /** Goes to the newest text and stays there. */
  follow(): void;
  /** To be called when the text's size or the box changed. */
  relayout(): void;
  /** Brings a line into view; false where it is not shown. */
  reveal(key: string): boolean;
  /** Points out parts of lines, one of them more than the others. */
  mark(marks: readonly Mark[], current?: Mark): void;
  dispose(): void;
}

/** A new element with a class. */
export function make(document: Document, name: string, className: string): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
