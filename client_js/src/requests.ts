/**
 * What a client asked for besides audio, each at its place in the audio.
 *
 * Sent again with a replay, in the same order: `configure` where it stood, and every `finalize`
 * that has not been answered.
 */

import type { ClientMessage, SessionOptions } from "./protocol.js";

interface Asked {
  position: number;
  message: Extract<ClientMessage, { type: "finalize" | "configure" }>;
}

export class Requests {
  #options: SessionOptions;
  #asked: Asked[] = [];
  #inStart: Asked[] = [];
  #sent = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Whether something is to be sent, or to be answered. */
  get pending(): boolean {
    return (
      this.#sent < this.#asked.length || this.#asked.some((a) => a.message.type === "finalize")
    );
  }

  /** Asks behind all audio before `position`. */
  add(position: number, message: Asked["message"]): void {
    this.#asked.push({ position, message });
  }

  /** Notes an answer; `false` where none with this id is awaited (any more). */
  answered(id: string): boolean {
    const place = this.#asked.findIndex(
      ({ message }) => message.type === "finalize" && message.id === id,
    );
    if (place < 0) return false;
    this.#asked.splice(place, 1);
    if (place < this.#sent) this.#sent -= 1;
    return true;
  }

  /** What a session is to be started with whose audio begins at `position`. */
  optionsAt(position: number): SessionOptions {
    this.#inStart = this.#asked.filter((a) => isChange(a) && a.position <= position);
    return this.#inStart.reduce((options, { message }) => changed(options, message), this.#options);
  }

  /** Forgets the changes before all audio that may be sent again: they are options now. */
  settle(position: number): void {
    for (;;) {
      const [first] = this.#asked;
      if (first === undefined || !isChange(first)) return;
      if (this.#sent === 0 || first.position >= position) return;
      this.#options = changed(this.#options, first.message);
      this.#asked.shift();
      this.#sent -= 1;
    }
  }

  /** Sends again what stood behind `position`, and what waits for its answer. */
  rewind(position: number): void {
    this.#again((a) => isChange(a) && a.position < position);
  }

  /** Sends everything to a new session, but for the changes that it was started with. */
  restart(): void {
    this.#again((a) => this.#inStart.includes(a));
  }

  #again(done: (asked: Asked) => boolean): void {
    const first = this.#asked.filter(done);
    this.#asked = [...first, ...this.#asked.filter((a) => !done(a))];
    this.#sent = first.length;
  }

  /** The next request once all audio before it is on its way; it then counts as sent. */
  before(cursor: number): ClientMessage | undefined {
    const next = this.#asked[this.#sent];
    if (next === undefined || next.position > cursor) return undefined;
    this.#sent += 1;
    return next.message;
  }

  /** How many bytes come before the next request. */
  until(cursor: number): number {
    const next = this.#asked[this.#sent];
    return next === undefined ? Infinity : Math.max(0, next.position - cursor);
  }
}

function isChange(asked: Asked): boolean {
  return asked.message.type === "configure";
}

/** The options of a session that was told to `configure` with these. */
function changed(options: SessionOptions, message: Asked["message"]): SessionOptions {
  if (message.type !== "configure") return options;
  const { type: _, endpointing, ...rest } = message;
  const { language, languages, ...kept } = options;
  // Who sends one of the two says both.
  const both = rest.language === undefined && rest.languages === undefined;
  const result: SessionOptions = { ...(both ? options : kept), ...rest };
  if (endpointing !== undefined)
    // A preset replaces all its values.
    result.endpointing =
      endpointing.preset === undefined ? { ...options.endpointing, ...endpointing } : endpointing;
  return result;
}
