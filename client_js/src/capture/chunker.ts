/**
 * Float samples → 16-bit little-endian chunks of equal length, each with its level.
 *
 * Typed arrays have the machine's byte order, which is little-endian wherever browsers run.
 */

export interface PcmChunk {
  /** Signed 16-bit mono samples at 16 kHz; the buffer is the receiver's to keep. */
  pcm: Int16Array<ArrayBuffer>;
  /** Root mean square and largest magnitude, of full scale 1. */
  rms: number;
  peak: number;
}

export class Chunker {
  readonly #length: number;
  readonly #emit: (chunk: PcmChunk) => void;
  #pcm: Int16Array<ArrayBuffer>;
  #filled = 0;
  #energy = 0;
  #peak = 0;

  constructor(samples: number, emit: (chunk: PcmChunk) => void) {
    this.#length = samples;
    this.#emit = emit;
    this.#pcm = new Int16Array(samples);
  }

  push(samples: Float32Array, count = samples.length): void {
    for (let i = 0; i < count; i += 1) {
      const value = samples[i] as number;
      const sane = value > 1 ? 1 : value < -1 ? -1 : value === value ? value : 0;
      this.#pcm[this.#filled] = Math.round(sane * 32_767);
      this.#energy += sane * sane;
      this.#peak = Math.max(this.#peak, Math.abs(sane));
      this.#filled += 1;
      if (this.#filled === this.#length) this.#post(this.#pcm);
    }
  }

  /** Hands over what is left, in a shorter chunk. */
  flush(): void {
    if (this.#filled > 0) this.#post(this.#pcm.slice(0, this.#filled));
  }

  #post(pcm: Int16Array<ArrayBuffer>): void {
    this.#emit({ pcm, rms: Math.sqrt(this.#energy / pcm.length), peak: this.#peak });
    this.#pcm = new Int16Array(this.#length);
    this.#filled = 0;
    this.#energy = 0;
    this.#peak = 0;
  }
}
