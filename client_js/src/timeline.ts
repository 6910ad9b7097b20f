/**
 * Where the audio of a server's session lies in the application's own time.
 *
 * A server counts what it received. The application's time goes on over several sessions, and
 * over audio that had to be given up: a list of anchors leads from one to the other.
 */

import type { Sound } from "./sound.js";

/** From byte `server` of the server's stream on, it hears byte `own` of the application's. */
interface Anchor {
  server: number;
  own: number;
}

export class Timeline {
  readonly #sound: Sound;
  #anchors: Anchor[] = [{ server: 0, own: 0 }];
  #server = 0;

  constructor(sound: Sound) {
    this.#sound = sound;
  }

  /** Audio sent in this session. */
  get serverMs(): number {
    return this.#sound.ms(this.#server);
  }

  /** Begins a session whose first byte is byte `own` of the application's. */
  restart(own: number): void {
    this.#anchors = [{ server: 0, own }];
    this.#server = 0;
  }

  /** Goes on at a moment of the session; the application's byte that comes next. */
  resume(serverMs: number): number {
    this.#server = this.#sound.position(serverMs);
    this.#forgetAhead();
    const last = this.#anchors[this.#anchors.length - 1] as Anchor;
    return last.own + this.#server - last.server;
  }

  sent(size: number): void {
    this.#server += size;
  }

  /** After `silence` bytes of silence, byte `own` of the application's follows. */
  leap(silence: number, own: number): void {
    this.#forgetAhead();
    this.#anchors.push({ server: this.#server + silence, own });
  }

  /** Forgets the anchors that nothing behind this moment can need. */
  settled(serverMs: number): void {
    const position = this.#sound.position(serverMs);
    while ((this.#anchors[1]?.server ?? Infinity) <= position) this.#anchors.shift();
  }

  /** A moment of the session in the application's time. */
  at(serverMs: number): number {
    const position = this.#sound.position(serverMs);
    let anchor = this.#anchors[0] as Anchor;
    for (const later of this.#anchors) if (later.server <= position) anchor = later;
    return serverMs + this.#sound.ms(anchor.own - anchor.server);
  }

  /** A leap not yet taken ends where the session goes on elsewhere. */
  #forgetAhead(): void {
    this.#anchors = this.#anchors.filter((a, i) => i === 0 || a.server <= this.#server);
  }
}
