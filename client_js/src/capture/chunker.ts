/**
 * Float samples of one or more channels → 16-bit little-endian chunks of equal length, interleaved,
 * with the level of each channel.
 *
 * Typed arrays have the machine's byte order, which is little-endian wherever browsers run.
 */

/** How loud a stretch of one channel is, of full scale 1. */
export interface Level {
  /** Root mean square. */
  rms: number;
  /** Largest magnitude. */
  peak: number;
}

/** The level of the loudest channel, and those of all of them. */
export interface PcmChunk extends Level {
  /** Signed 16-bit samples at 16 kHz, of all channels in turn; the buffer is the receiver's to keep. */
  pcm: Int16Array<ArrayBuffer>;
  /** Where the chunk begins, in milliseconds of the source's audio. */
  startMs: number;
  /** One for each channel. */
  levels: Level[];
}

const SAMPLES_PER_MS = 16;

export class Chunker {
  readonly #length: number;
  readonly #channels: number;
  readonly #emit: (chunk: PcmChunk) => void;
  #pcm: Int16Array<ArrayBuffer>;
  #energy: number[];
  #peak: number[];
  #filled = 0;
  #before = 0;

  /** `samples` of each channel make a chunk. */
  constructor(samples: number, channels: number, emit: (chunk: PcmChunk) => void) {
    this.#length = samples;
    this.#channels = channels;
    this.#emit = emit;
    this.#pcm = new Int16Array(samples * channels);
    this.#energy = new Array<number>(channels).fill(0);
    this.#peak = new Array<number>(channels).fill(0);
  }

  /** Takes the first `count` samples of each channel's block. */
  push(blocks: readonly Float32Array[], count: number): void {
    for (let i = 0; i < count; i += 1) {
      for (let channel = 0; channel < this.#channels; channel += 1) {
        const value = (blocks[channel] as Float32Array)[i] as number;
        const sane = value > 1 ? 1 : value < -1 ? -1 : value === value ? value : 0;
        this.#pcm[this.#filled * this.#channels + channel] = Math.round(sane * 32_767);
        this.#energy[channel] = (this.#energy[channel] as number) + sane * sane;
        this.#peak[channel] = Math.max(this.#peak[channel] as number, Math.abs(sane));
      }
      this.#filled += 1;
      if (this.#filled === this.#length) this.#post(this.#pcm);
    }
  }

  /** Hands over what is left, in a shorter chunk. */
  flush(): void {
    if (this.#filled > 0) this.#post(this.#pcm.slice(0, this.#filled * this.#channels));
  }

  #post(pcm: Int16Array<ArrayBuffer>): void {
    const levels = this.#energy.map((energy, channel) => ({
      rms: Math.sqrt(energy / this.#filled),
      peak: this.#peak[channel] as number,
    }));
    const rms = Math.max(...levels.map((level) => level.rms));
    const peak = Math.max(...levels.map((level) => level.peak));
    this.#emit({ pcm, startMs: this.#before / SAMPLES_PER_MS, rms, peak, levels });
    this.#before += this.#filled;
    this.#pcm = new Int16Array(this.#length * this.#channels);
    this.#energy.fill(0);
    this.#peak.fill(0);
    this.#filled = 0;
  }
}
