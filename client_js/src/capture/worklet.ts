/**
 * The audio thread's part: whatever the device delivers → mono 16 kHz chunks of 16-bit samples.
 *
 * Built as a script of its own (`worklet.js`), and inlined for the Blob fall-back.
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

/** Samples a browser hands over at a time; the standard's render quantum. */
const QUANTUM = 128;

class PcmProcessor extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(sampleRate);
  readonly #chunker: Chunker;
  #mono = new Float32Array(QUANTUM);
  #resampled = new Float32Array(this.#resampler.maxOutput(QUANTUM));
  #over = false;

  constructor(options: { processorOptions: { chunkMs: number } }) {
    super();
    const samples = Math.round((options.processorOptions.chunkMs * TARGET_RATE) / 1000);
    this.#chunker = new Chunker(samples, (chunk) => {
      const message: FromWorklet = { type: "chunk", ...chunk };
      this.port.postMessage(message, [chunk.pcm.buffer]);
    });
    this.port.onmessage = () => this.#finish();
  }

  process(inputs: Float32Array[][]): boolean {
    if (this.#over) return false;
    const channels = inputs[0] ?? [];
    const length = channels[0]?.length ?? QUANTUM;
    if (this.#mono.length !== length) {
      this.#mono = new Float32Array(length);
      this.#resampled = new Float32Array(this.#resampler.maxOutput(length));
    }
    // A source that pauses delivers no channels; its silence counts, or stream time would stop.
    this.#mono.fill(0);
    for (const channel of channels)
      for (let i = 0; i < length; i += 1)
        this.#mono[i] = (this.#mono[i] as number) + (channel[i] as number) / channels.length;
    this.#push(this.#mono);
    return true;
  }

  #push(samples: Float32Array): void {
    this.#chunker.push(this.#resampled, this.#resampler.process(samples, this.#resampled));
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    for (let left = this.#resampler.flushLength; left > 0; left -= this.#mono.length)
      this.#push(this.#mono.fill(0));
    this.#chunker.flush();
    const message: FromWorklet = { type: "flushed" };
    this.port.postMessage(message);
  }
}

registerProcessor("wirescribe-pcm", PcmProcessor);
