/**
 * The audio thread's part: whatever the inputs deliver → 16 kHz chunks of 16-bit samples, one
 * channel for each input.
 *
 * All inputs are read in one call, so their samples are those of the same moment. Built as a
 * script of its own (`worklet.js`), and inlined for the Blob fall-back.
 */

import { Chunker, type PcmChunk } from "./chunker.js";
import { Resampler, TARGET_RATE } from "./resampler.js";

// The audio thread's globals, which TypeScript's DOM library does not describe.
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

export type FromWorklet = ({ type: "chunk" } & PcmChunk) | { type: "flushed" };
export interface ToWorklet {
  type: "flush";
}
export interface WorkletOptions {
  chunkMs: number;
  channels: number;
}

/** Samples a browser hands over at a time; the standard's render quantum. */
const QUANTUM = 128;

class PcmProcessor extends AudioWorkletProcessor {
  readonly #resamplers: Resampler[];
  readonly #chunker: Chunker;
  #mono = new Float32Array(0);
  #resampled: Float32Array[] = [];
  #over = false;

  constructor(options: { processorOptions: WorkletOptions }) {
    super();
    const { chunkMs, channels } = options.processorOptions;
    this.#resamplers = Array.from({ length: channels }, () => new Resampler(sampleRate));
    this.#size(QUANTUM);
    const samples = Math.round((chunkMs * TARGET_RATE) / 1000);
    this.#chunker = new Chunker(samples, channels, (chunk) => {
      const message: FromWorklet = { type: "chunk", ...chunk };
      this.port.postMessage(message, [chunk.pcm.buffer]);
    });
    this.port.onmessage = () => this.#finish();
  }

  process(inputs: Float32Array[][]): boolean {
    if (this.#over) return false;
    const length = inputs.find((input) => input.length > 0)?.[0]?.length ?? QUANTUM;
    if (this.#mono.length !== length) this.#size(length);
    this.#push(inputs);
    return true;
  }

  #size(length: number): void {
    this.#mono = new Float32Array(length);
    this.#resampled = this.#resamplers.map((each) => new Float32Array(each.maxOutput(length)));
  }

  /** Each resampler gets as many samples as the others, and so gives as many. */
  #push(inputs: Float32Array[][]): void {
    let count = 0;
    this.#resamplers.forEach((resampler, input) => {
      this.#mix(inputs[input] ?? []);
      count = resampler.process(this.#mono, this.#resampled[input] as Float32Array);
    });
    this.#chunker.push(this.#resampled, count);
  }

  /** A source that pauses delivers no channels; its silence counts, or stream time would stop. */
  #mix(channels: Float32Array[]): void {
    this.#mono.fill(0);
    for (const channel of channels)
      for (let i = 0; i < this.#mono.length; i += 1)
        this.#mono[i] = (this.#mono[i] as number) + (channel[i] as number) / channels.length;
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    const tail = this.#resamplers[0]?.flushLength ?? 0;
    for (let left = tail; left > 0; left -= this.#mono.length) this.#push([]);
    this.#chunker.flush();
    const message: FromWorklet = { type: "flushed" };
    this.port.postMessage(message);
  }
}

registerProcessor("wirescribe-pcm", PcmProcessor);
