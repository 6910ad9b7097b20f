/**
 * The audio a session may still need: what was not sent yet, and what was sent but not yet
 * turned into settled text.
 *
 * Positions are absolute bytes since the first `append`, of whole frames: the bytes of an
 * incomplete one wait until it is whole, so that a replay never starts within a sample. Audio is
 * copied in. The bound is the owner's: it releases and drops.
 */

const PIECE_BYTES = 16_384;

export class ReplayBuffer {
  readonly #frameBytes: number;
  #pieces: Uint8Array[] = [];
  #start = 0;
  #cursor = 0;
  #end = 0;
  #odd = new Uint8Array(0);

  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  /** First byte still held. */
  get start(): number {
    return this.#start;
  }

  /** Byte after the last one sent. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Byte after the last one. */
  get end(): number {
    return this.#end;
  }

  get held(): number {
    return this.#end - this.#start;
  }

  get unsent(): number {
    return this.#end - this.#cursor;
  }

  append(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#odd.byteLength + chunk.byteLength);
    joined.set(this.#odd);
    joined.set(chunk, this.#odd.byteLength);
    const whole = joined.byteLength - (joined.byteLength % this.#frameBytes);
    const step = PIECE_BYTES - (PIECE_BYTES % this.#frameBytes);
    for (let at = 0; at < whole; at += step)
      this.#pieces.push(joined.subarray(at, Math.min(at + step, whole)));
    this.#odd = joined.slice(whole);
    this.#end += whole;
  }

  /** Up to `limit` bytes from the cursor on, which moves behind them. */
  take(limit: number): Uint8Array | undefined {
    let at = this.#end;
    for (let i = this.#pieces.length - 1; i >= 0; i -= 1) {
      const piece = this.#pieces[i] as Uint8Array;
      at -= piece.byteLength;
      if (at > this.#cursor) continue;
      const taken = piece.subarray(this.#cursor - at, this.#cursor - at + limit);
      this.#cursor += taken.byteLength;
      return taken.byteLength > 0 ? taken : undefined;
    }
    return undefined;
  }

  /** Forgets what lies before `position`, but nothing that is still to be sent. */
  release(position: number): void {
    this.#forget(Math.min(position, this.#cursor));
  }

  /** Forgets what lies before `position`, sent or not. */
  drop(position: number): void {
    this.#forget(Math.min(position, this.#end));
    this.#cursor = Math.max(this.#cursor, this.#start);
  }

  /** Sends again from `position`, or from the first byte held behind it. */
  rewind(position: number): void {
    this.#cursor = Math.min(Math.max(position, this.#start), this.#end);
  }

  #forget(position: number): void {
    let left = position - this.#start;
    left -= left % this.#frameBytes;
    if (left <= 0) return;
    this.#start += left;
    let gone = 0;
    for (; left > 0; gone += 1) {
      const piece = this.#pieces[gone] as Uint8Array;
      if (piece.byteLength > left) {
        this.#pieces[gone] = piece.subarray(left);
        break;
      }
      left -= piece.byteLength;
    }
    this.#pieces.splice(0, gone);
  }
}
