/**
 * The audio a session may still need: what was not sent yet, and what was sent but not yet
 * turned into final text.
 *
 * Positions are absolute bytes since the first `append`. Audio is copied in, in pieces that hold
 * whole frames, so that a replay never starts in the middle of a sample. Bounded in bytes (and one
 * piece); at the bound `append` refuses, and `appendLive` gives up the oldest.
 */

/** Well below any server's limit on messages, and fine enough to trim by. */
const PIECE_BYTES = 16_384;

export class ReplayBuffer {
  readonly #capacity: number;
  readonly #frameBytes: number;
  #pieces: Uint8Array[] = [];
  #sent = 0;
  #start = 0;
  #cursor = 0;
  #end = 0;
  #odd = new Uint8Array(0);

  constructor(capacityBytes: number, frameBytes = 1) {
    this.#capacity = capacityBytes;
    this.#frameBytes = frameBytes;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** First byte still held. */
  get start(): number {
    return this.#start;
  }

  /** Byte after the last one. */
  get end(): number {
    return this.#end;
  }

  get unsent(): number {
    return this.#end - this.#cursor;
  }

  /** Takes a chunk; `false` when it would push out audio that was never sent. */
  append(chunk: Uint8Array): boolean {
    if (this.unsent + chunk.byteLength > this.#capacity) return false;
    this.#take(chunk);
    return true;
  }

  /** Takes a chunk whatever happens; returns the unsent bytes given up for it. */
  appendLive(chunk: Uint8Array): number {
    const before = this.#cursor;
    this.#take(chunk);
    return this.#cursor - before;
  }

  /** The next unsent piece, moving the cursor behind it. */
  next(): Uint8Array | undefined {
    const piece = this.#pieces[this.#sent];
    if (piece === undefined) return undefined;
    this.#sent += 1;
    this.#cursor += piece.byteLength;
    return piece;
  }

  /** Drops what is no longer needed before `position`; never unsent audio. */
  release(position: number): void {
    this.#trimTo(Math.min(position, this.#cursor));
  }

  /** Starts again from the oldest byte held, or later so that at most `limit` bytes are replayed. */
  rewind(limit = Infinity): void {
    this.#cursor = this.#start;
    this.#sent = 0;
    if (this.#end - this.#start > limit) this.#trimTo(this.#end - limit);
  }

  #take(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#odd.byteLength + chunk.byteLength);
    joined.set(this.#odd);
    joined.set(chunk, this.#odd.byteLength);
    const whole = joined.byteLength - (joined.byteLength % this.#frameBytes);
    const step = PIECE_BYTES - (PIECE_BYTES % this.#frameBytes);
    for (let at = 0; at < whole; at += step)
      this.#pieces.push(joined.subarray(at, Math.min(at + step, whole)));
    this.#odd = joined.slice(whole);
    this.#end += whole;
    this.#trimTo(this.#end - this.#capacity);
  }

  #trimTo(position: number): void {
    let dropped = 0;
    for (const piece of this.#pieces) {
      if (this.#start + piece.byteLength > position) break;
      this.#start += piece.byteLength;
      dropped += 1;
    }
    if (dropped === 0) return;
    this.#pieces.splice(0, dropped);
    this.#sent = Math.max(0, this.#sent - dropped);
    this.#cursor = Math.max(this.#cursor, this.#start);
  }
}
