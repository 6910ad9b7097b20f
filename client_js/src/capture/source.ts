/** A running capture: one or more inputs, 16 kHz chunks out, a channel for each input. */

import { Emitter } from "../emitter.js";
import type { AudioFormat } from "../protocol.js";
import { heed } from "../signals.js";
import type { Level, PcmChunk } from "./chunker.js";
import { CaptureError, captureAborted } from "./failure.js";
import { Graph } from "./graph.js";
import { Input, type InputInfo, type Opened } from "./input.js";
import { openMicrophone, type MicrophoneSettings } from "./requests.js";
import { TARGET_RATE } from "./resampler.js";
import { keepAwake, stateOf, wake } from "./waking.js";

/**
 * `suspended`: the browser waits for a gesture on the page. `interrupted`: a call or another app
 * has the sound. In both no chunks come and the source's time stands still.
 */
export type SourceState = "running" | "suspended" | "interrupted" | "stopped";

export interface SourceEvents {
  chunk: PcmChunk;
  /** How loud each channel was in the chunk. */
  level: readonly Level[];
  /** An input ended: its device went away, or the share was ended. The other inputs go on. */
  lost: CaptureError;
  /** A channel sends silence, or sound again. */
  muted: { channel: number; muted: boolean; by: "page" | "system" };
  /** A channel is heard through another device. */
  device: InputInfo;
  /** `awayMs`: how long there was no sound, where it runs again. */
  state: { from: SourceState; to: SourceState; awayMs: number };
}

export interface SourceOptions {
  /** Milliseconds of audio in each chunk, 20 to 100. */
  chunkMs?: number;
  /** Address of the built `worklet.js`; without it the inlined copy is used. */
  workletUrl?: string | URL;
  /** Gives up opening, or ends the capture. */
  signal?: AbortSignal;
}

/** What the browser may take to begin, where it has no objection. */
const START_MS = 1000;

export class AudioSource extends Emitter<SourceEvents> {
  readonly #inputs: Input[];
  readonly #settings: MicrophoneSettings;
  #graph!: Graph;
  #state: SourceState = "suspended";
  #awaySince = 0;
  #asleep: () => void = () => undefined;
  #forget: () => void = () => undefined;
  #stopped: Promise<void> | undefined;
  #switching: Promise<unknown> = Promise.resolve();

  private constructor(opened: readonly Opened[], settings: MicrophoneSettings) {
    super();
    this.#settings = settings;
    this.#inputs = opened.map(
      (each, channel) =>
        new Input(channel, each, {
          lost: (error) => void this.#lost(error, channel),
          muted: (muted, by) => this.emit("muted", { channel, muted, by }),
        }),
    );
  }

  /** Takes over the streams and the context (which the caller ends if this fails). @internal */
  static async start(
    context: AudioContext,
    opened: readonly Opened[],
    options: SourceOptions,
    settings: MicrophoneSettings = {},
  ): Promise<AudioSource> {
    const source = new AudioSource(opened, settings);
    const chunkMs = Math.min(100, Math.max(20, Math.round(options.chunkMs ?? 40)));
    const { workletUrl } = options;
    source.#graph = await Graph.open(context, { chunkMs, channels: opened.length, workletUrl }, {
      chunk: (chunk) => source.#heard(chunk),
      failed: (error) => source.emit("lost", error),
    });
    source.#inputs.forEach((input, channel) => source.#graph.connect(channel, input.stream));
    source.#awaySince = performance.now();
    await wake(context, START_MS);
    source.#asleep = keepAwake(context, () => source.#stateChanged());
    source.#stateChanged();
    source.#forget = heed(options.signal, () => void source.stop());
    return source;
  }

  get state(): SourceState {
    return this.#state;
  }

  /** What `createTranscriber` wants as `audio`: the number of channels, and their names. */
  get format(): AudioFormat {
    const names = this.inputs.map(({ name }) => name);
    return {
      encoding: "pcm_s16le",
      sample_rate: TARGET_RATE,
      channels: names.length,
      ...(names.length > 1 ? { channel_names: names } : {}),
    };
  }

  /** The inputs as they are now, one for each channel. */
  get inputs(): readonly InputInfo[] {
    return this.#inputs.map((input) => input.info);
  }

  /** What the first input's device calls itself. */
  get label(): string {
    return this.#inputs[0]?.info.label ?? "";
  }

  /**
   * Sends silence in the place of a channel (by number or name), or of all. Time goes on, so all
   * positions stay true; the device stays open. What had been said before is still handed over.
   */
  mute(channel?: number | string): void {
    for (const input of this.#chosen(channel)) input.mute(true);
  }

  unmute(channel?: number | string): void {
    for (const input of this.#chosen(channel)) input.mute(false);
  }

  /** Goes on with another microphone, on the same channel, without an end. */
  useMicrophone(settings: MicrophoneSettings = {}): Promise<InputInfo> {
    // One after the other: the last one asked for is the one that stays.
    const switched = this.#switching.then(() => this.#switch(settings));
    this.#switching = switched.catch(() => undefined);
    return switched;
  }

  async #switch(settings: MicrophoneSettings): Promise<InputInfo> {
    const input = this.#inputs.find(({ info }) => info.kind === "microphone");
    if (input === undefined || this.#stopped !== undefined)
      throw new CaptureError("no_device", "There is no microphone in this source to be replaced.");
    // A phone's Safari ends the first microphone where a second one is opened.
    input.leave();
    let stream: MediaStream | undefined;
    try {
      stream = await openMicrophone({ ...this.#settings, deviceId: undefined, ...settings });
      if (this.#stopped !== undefined) throw captureAborted();
      input.apply(stream);
      this.#graph.connect(input.info.channel, stream);
    } catch (error) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      if (this.#stopped === undefined) input.stay();
      throw error;
    }
    input.replace(stream);
    this.emit("device", input.info);
    return input.info;
  }

  /** Asks the browser for sound again; to be called from a click, where the state is `suspended`. */
  async resume(): Promise<void> {
    if (this.#stopped === undefined) await wake(this.#graph.context, START_MS);
  }

  /** Ends the capture; the last chunk has been emitted when this resolves. */
  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  async #finish(): Promise<void> {
    this.#asleep();
    this.#forget();
    await this.#graph.close();
    for (const input of this.#inputs) input.release();
    this.#move("stopped");
  }

  #heard(chunk: PcmChunk): void {
    this.emit("chunk", chunk);
    this.emit("level", chunk.levels);
  }

  async #lost(error: CaptureError, channel: number): Promise<void> {
    if (this.#stopped !== undefined) return;
    this.#graph.disconnect(channel);
    if (this.#settings.fallback === true && error.input === "microphone") {
      try {
        await this.useMicrophone();
        return;
      } catch {
        // There is no other either: told below.
      }
    }
    this.emit("lost", error);
  }

  #stateChanged(): void {
    const state = stateOf(this.#graph.context);
    this.#move(state === "closed" ? "stopped" : state);
  }

  #move(to: SourceState): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    const now = performance.now();
    const awayMs = to === "running" ? Math.round(now - this.#awaySince) : 0;
    if (from === "running") this.#awaySince = now;
    this.emit("state", { from, to, awayMs });
  }

  #chosen(channel: number | string | undefined): Input[] {
    if (channel === undefined) return this.#inputs;
    const found = this.#inputs.filter(({ info }) => info.channel === channel || info.name === channel);
    if (found.length === 0) throw new RangeError(`there is no channel ${JSON.stringify(channel)}`);
    return found;
  }
}
