/**
 * The audio graph: one context at the device's own rate, one worklet, an input for each channel.
 *
 * One context means one clock: whatever their devices' clocks do, the browser delivers all inputs
 * at the context's rate, and the worklet reads them together.
 *
 * The rate is never asked for: Firefox ignores the constraint `sampleRate`, and long refused to
 * connect a microphone of 48 kHz to a context of 16 kHz. The worklet resamples instead.
 */

import type { PcmChunk } from "./chunker.js";
import { CaptureError } from "./failure.js";
import { loadWorklet } from "./loader.js";
import type { FromWorklet, ToWorklet, WorkletOptions } from "./worklet.js";

export interface GraphOptions extends WorkletOptions {
  workletUrl: string | URL | undefined;
}

export interface GraphHandlers {
  chunk(chunk: PcmChunk): void;
  failed(error: CaptureError): void;
}

/** How long the audio thread may take to hand over its last samples. */
const FLUSH_MS = 500;

export class Graph {
  readonly context: AudioContext;
  readonly #node: AudioWorkletNode;
  readonly #sources = new Map<number, MediaStreamAudioSourceNode>();
  #flushed: (() => void) | undefined;

  private constructor(context: AudioContext, node: AudioWorkletNode, handlers: GraphHandlers) {
    this.context = context;
    this.#node = node;
    node.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => {
      if (data.type === "flushed") this.#flushed?.();
      else {
        const { type: _, ...chunk } = data;
        handlers.chunk(chunk);
      }
    };
    node.onprocessorerror = () =>
      handlers.failed(new CaptureError("worklet_failed", "The audio thread failed."));
  }

  static async open(context: AudioContext, options: GraphOptions, handlers: GraphHandlers): Promise<Graph> {
    const { chunkMs, channels, workletUrl } = options;
    try {
      await loadWorklet(context, workletUrl);
      const node = new AudioWorkletNode(context, "wirescribe-pcm", {
        numberOfInputs: channels,
        numberOfOutputs: 1,
        processorOptions: { chunkMs, channels } satisfies WorkletOptions,
      });
      // Its output is silence; Safari runs only what leads to the speakers.
      node.connect(context.destination);
      return new Graph(context, node, handlers);
    } catch (cause) {
      if (cause instanceof CaptureError) throw cause;
      throw new CaptureError("worklet_failed", `The audio worklet did not start: ${String(cause)}`, { cause });
    }
  }

  /** Lets `stream` be heard on a channel, in the place of what was. */
  connect(channel: number, stream: MediaStream): void {
    let source: MediaStreamAudioSourceNode;
    try {
      source = this.context.createMediaStreamSource(stream);
      source.connect(this.#node, 0, channel);
    } catch (cause) {
      // Firefox, where the system's rate has changed since the context was made.
      throw new CaptureError("device_busy", `The sound can't be taken in: ${String(cause)}`, { cause });
    }
    this.disconnect(channel);
    this.#sources.set(channel, source);
  }

  disconnect(channel: number): void {
    this.#sources.get(channel)?.disconnect();
    this.#sources.delete(channel);
  }

  /** Hands over the last samples and closes the context. */
  async close(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#flushed = resolve;
      timer = setTimeout(resolve, FLUSH_MS);
      const message: ToWorklet = { type: "flush" };
      this.#node.port.postMessage(message);
    });
    clearTimeout(timer);
    this.#node.disconnect();
    await this.context.close();
  }
}
