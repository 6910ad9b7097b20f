/**
 * A running capture: a media stream, an audio graph at the device's own rate, 16 kHz chunks out.
 *
 * Firefox refuses to connect a microphone to a context of another rate, so the context keeps the
 * device's and the worklet resamples.
 */

import { Emitter } from "../emitter.js";
import type { PcmChunk } from "./chunker.js";
import { CaptureError } from "./failure.js";
import { loadWorklet } from "./loader.js";
import type { FromWorklet, ToWorklet } from "./worklet.js";

export interface SourceEvents {
  chunk: PcmChunk;
  /** The device went away or the user ended the share; `stop` still hands over the rest. */
  lost: CaptureError;
  /** The system took the sound away for a while (a call, a lid, a hardware switch), or gave it back. */
  muted: boolean;
}

export interface SourceOptions {
  /** Milliseconds of audio in each chunk, 20 to 100. */
  chunkMs?: number;
  /** Address of the built `worklet.js`; without it the inlined copy is used. */
  workletUrl?: string | URL;
}

/** How long the audio thread may take to hand over its last samples. */
const FLUSH_MS = 500;

export class AudioSource extends Emitter<SourceEvents> {
  readonly label: string;
  readonly #stream: MediaStream;
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  #flushed: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(stream: MediaStream, context: AudioContext, node: AudioWorkletNode) {
    super();
    this.#stream = stream;
    this.#context = context;
    this.#node = node;
    this.label = stream.getAudioTracks()[0]?.label ?? "";
    node.port.onmessage = (event: MessageEvent<FromWorklet>) => this.#receive(event.data);
    node.onprocessorerror = () =>
      this.emit("lost", new CaptureError("worklet_failed", "The audio thread failed."));
    // A phone call or a lock screen suspends the context; nobody else would wake it again.
    context.onstatechange = () => {
      if (this.#stopped === undefined && context.state !== "closed" && context.state !== "running")
        void context.resume().catch(() => undefined);
    };
    for (const track of stream.getAudioTracks()) {
      track.onended = () => this.emit("lost", new CaptureError("device_lost", "The sound ended."));
      track.onmute = () => this.emit("muted", true);
      track.onunmute = () => this.emit("muted", false);
    }
  }

  /** Takes over `stream` (and ends it if that fails). */
  static async start(stream: MediaStream, options: SourceOptions = {}): Promise<AudioSource> {
    const chunkMs = Math.min(100, Math.max(20, options.chunkMs ?? 40));
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      await loadWorklet(context, options.workletUrl);
      const node = new AudioWorkletNode(context, "wirescribe-pcm", {
        numberOfInputs: 1,
        numberOfOutputs: 1,
        processorOptions: { chunkMs },
      });
      const source = new AudioSource(stream, context, node);
      // Its output is silence; Safari runs only what leads to the speakers.
      context.createMediaStreamSource(stream).connect(node).connect(context.destination);
      await context.resume();
      return source;
    } catch (cause) {
      for (const track of stream.getTracks()) track.stop();
      await context.close();
      if (cause instanceof CaptureError) throw cause;
      throw new CaptureError("worklet_failed", String(cause), cause);
    }
  }

  /** Ends the capture; the last chunk has been emitted when this resolves. */
  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  async #finish(): Promise<void> {
    const flushed = new Promise<void>((resolve) => {
      this.#flushed = resolve;
      setTimeout(resolve, FLUSH_MS);
    });
    const message: ToWorklet = { type: "flush" };
    this.#node.port.postMessage(message);
    await flushed;
    for (const track of this.#stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    this.#node.disconnect();
    await this.#context.close();
  }

  #receive(message: FromWorklet): void {
    if (message.type === "flushed") this.#flushed?.();
    else this.emit("chunk", { pcm: message.pcm, rms: message.rms, peak: message.peak });
  }
}
