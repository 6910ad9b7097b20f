/** What bytes of audio are in time, and what silence is in bytes. */

import type { AudioFormat } from "./protocol.js";

export const sampleBytes: Readonly<Record<string, number>> = {
  pcm_s16le: 2,
  pcm_f32le: 4,
  mulaw: 1,
  alaw: 1,
};

const silentByte: Readonly<Record<string, number>> = { mulaw: 0xff, alaw: 0xd5 };

/** One session's audio format. Positions are bytes, always of whole frames: a sample of each channel. */
export class Sound {
  readonly channels: number;
  readonly frameBytes: number;
  readonly #width: number;
  readonly #rate: number;
  readonly #silent: number;

  constructor(audio: AudioFormat) {
    this.channels = audio.channels;
    this.#width = sampleBytes[audio.encoding] ?? 1;
    this.frameBytes = this.#width * audio.channels;
    this.#rate = audio.sample_rate;
    this.#silent = silentByte[audio.encoding] ?? 0;
  }

  /** Where a moment begins: the last frame that is not later. */
  position(ms: number): number {
    return Math.floor((ms * this.#rate) / 1000) * this.frameBytes;
  }

  /** The moment nearest to a position. */
  ms(position: number): number {
    return Math.round((position * 1000) / (this.#rate * this.frameBytes));
  }

  silence(size: number): Uint8Array {
    return new Uint8Array(size).fill(this.#silent);
  }

  /** A piece whose first `size` bytes are silent on one channel. */
  mute(piece: Uint8Array, channel: number, size: number): Uint8Array {
    const muted = piece.slice();
    const end = Math.min(size, piece.byteLength);
    for (let at = channel * this.#width; at < end; at += this.frameBytes)
      muted.fill(this.#silent, at, at + this.#width);
    return muted;
  }
}

/** The bytes that a chunk of audio has, of whatever kind it is. */
export function bytesOf(audio: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(audio)
    ? new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength)
    : new Uint8Array(audio);
}
