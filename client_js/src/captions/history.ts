/**
 * The older part of a long transcript, of which only what is near the window is in the document.
 *
 * Lines lie in chunks of a fixed number. A chunk's height is measured while it is in the document and
 * guessed from the length of its text before that; two spacers take the room of the rest. When a
 * guess proves wrong, the text in view stays where it is.
 */

import { LineElement } from "./line.js";
import type { CaptionLine } from "./model.js";
import type { Speakers } from "./speakers.js";
import { make } from "./surface.js";

/** Lines in a chunk. */
export const CHUNK_LINES = 20;

interface Chunk {
  readonly lines: readonly CaptionLine[];
  /** The line before the first. */
  readonly before: CaptionLine | undefined;
  readonly characters: number;
  height: number;
  measured: boolean;
  root: HTMLElement | undefined;
  elements: LineElement[];
}

export class History {
  readonly root: HTMLElement;
  readonly #document: Document;
  readonly #speakers: Speakers;
  readonly #above: HTMLElement;
  readonly #window: HTMLElement;
  readonly #below: HTMLElement;
  /** Told when other lines are in the document than before. */
  readonly #shown: () => void;
  #chunks: Chunk[] = [];
  #first = 0;
  #end = 0;
  /** Pixels that a character takes on average, line ends included. */
  #perCharacter = 0.5;

  constructor(document: Document, speakers: Speakers, shown: () => void) {
    this.#shown = shown;
    this.#document = document;
    this.#speakers = speakers;
    this.root = make(document, "div", "history");
    this.#above = make(document, "div", "spacer");
    this.#window = make(document, "div", "chunks");
    this.#below = make(document, "div", "spacer");
    this.root.append(this.#above, this.#window, this.#below);
  }

  /** The last line, which is what the next one stands behind. */
  get last(): CaptionLine | undefined {
    return this.#chunks.at(-1)?.lines.at(-1);
  }

  /** Lines in the document. */
  *elements(): Iterable<LineElement> {
    for (const chunk of this.#chunks.slice(this.#first, this.#end)) yield* chunk.elements;
  }

  /** Adds a chunk at the end; `height` where it is known. */
  add(lines: readonly CaptionLine[], height?: number): void {
    const characters = lines.reduce((sum, line) => sum + line.committed.length + 20, 0);
    this.#chunks.push({
      lines, before: this.last, characters,
      height: height ?? this.#guess(characters), measured: height !== undefined,
      root: undefined, elements: [],
    });
    this.#space();
  }

  clear(): void {
    this.#show(0, 0);
    this.#chunks = [];
    this.#space();
  }

  /** Forgets all heights: the text's size or the width changed. */
  forget(): void {
    for (const chunk of this.#chunks) chunk.measured = false;
    this.#measure();
  }

  /** Draws what is there anew: names have changed. */
  redraw(): void {
    const [first, end] = [this.#first, this.#end];
    this.#show(0, 0);
    this.#show(first, end);
  }

  /** Puts the chunks between two positions into the document; positions count from the top of `root`. */
  reach(from: number, to: number): void {
    let top = 0;
    let first = this.#chunks.length;
    let end = 0;
    this.#chunks.forEach((chunk, i) => {
      if (top < to && top + chunk.height > from) {
        first = Math.min(first, i);
        end = i + 1;
      }
      top += chunk.height;
    });
    if (first === this.#first && end === this.#end) return;
    this.#show(Math.min(first, end), end);
    this.#measure();
    this.#shown();
  }

  /** Where a line begins, from the top of `root`, as far as that is known. */
  find(key: string): number | undefined {
    let top = 0;
    for (const chunk of this.#chunks) {
      const at = chunk.lines.findIndex((line) => line.key === key);
      if (at >= 0) return top + (chunk.height * at) / chunk.lines.length;
      top += chunk.height;
    }
    return undefined;
  }

  #show(first: number, end: number): void {
    for (let i = this.#first; i < this.#end; i += 1) {
      if (i >= first && i < end) continue;
      const chunk = this.#chunks[i] as Chunk;
      chunk.root?.remove();
      chunk.root = undefined;
      chunk.elements = [];
    }
    this.#first = first;
    this.#end = end;
    let at: Element | null = this.#window.firstElementChild;
    for (let i = first; i < end; i += 1) {
      const chunk = this.#chunks[i] as Chunk;
      const root = (chunk.root ??= this.#draw(chunk));
      if (root === at) at = at.nextElementSibling;
      else this.#window.insertBefore(root, at);
    }
    this.#space();
  }

  #draw(chunk: Chunk): HTMLElement {
    const root = make(this.#document, "div", "chunk");
    let before = chunk.before;
    for (const line of chunk.lines) {
      const element = new LineElement(this.#document, line);
      element.show(line, this.#speakers, before);
      chunk.elements.push(element);
      root.append(element.root);
      before = line;
    }
    return root;
  }

  #measure(): void {
    let [height, characters] = [0, 0];
    for (const chunk of this.#chunks.slice(this.#first, this.#end)) {
      chunk.height = chunk.root?.getBoundingClientRect().height ?? chunk.height;
      chunk.measured = true;
      height += chunk.height;
      characters += chunk.characters;
    }
    if (characters > 0 && height > 0) {
      this.#perCharacter = height / characters;
      for (const chunk of this.#chunks) if (!chunk.measured) chunk.height = this.#guess(chunk.characters);
    }
    this.#space();
  }

  #guess(characters: number): number {
    return characters * this.#perCharacter;
  }

  #space(): void {
    const height = (chunks: readonly Chunk[]) => chunks.reduce((sum, chunk) => sum + chunk.height, 0);
    this.#above.style.blockSize = `${height(this.#chunks.slice(0, this.#first))}px`;
    this.#below.style.blockSize = `${height(this.#chunks.slice(this.#end))}px`;
  }
}
