/** One run of the component's own: a source of sound, and a transcriber that it goes to. */

import { microphone, mixed, tab, type AudioSource, type SourceOptions } from "../capture.js";
import { createTranscriber, type Transcriber, type TranscriberOptions } from "../index.js";

export type SourceName = "microphone" | "tab" | "mixed";

export interface ListeningOptions extends Omit<TranscriberOptions, "audio" | "signal"> {
  source: SourceName;
  deviceId?: string;
  workletUrl?: string | URL;
  /** Names of the channels, where there are two. */
  names: readonly string[];
}

export interface ListeningHandlers {
  /** The transcriber is there and not connected yet. */
  transcriber(transcriber: Transcriber): void;
  level(rms: number): void;
  /** The run is over; with the failure, if it ended by one. */
  over(error: unknown): void;
}

export class Listening {
  readonly #options: ListeningOptions;
  readonly #tell: ListeningHandlers;
  readonly #abort = new AbortController();
  #source: AudioSource | undefined;
  #transcriber: Transcriber | undefined;
  #over = false;
  #stopping = false;

  constructor(options: ListeningOptions, handlers: ListeningHandlers) {
    this.#options = options;
    this.#tell = handlers;
  }

  /** Resolves when the session stands, or the run is over. */
  async start(): Promise<void> {
    try {
      const source = await this.#capture();
      if (this.#over) return await source.stop();
      this.#source = source;
      const { source: _, deviceId: __, workletUrl: ___, names: ____, ...options } = this.#options;
      const transcriber = createTranscriber({ overflow: "drop_oldest", ...options, audio: source.format });
      this.#transcriber = transcriber;
      transcriber.on("error", (error) => void this.#end(error));
      source.on("chunk", ({ pcm, rms }) => {
        this.#tell.level(rms);
        if (transcriber.state !== "closed" && transcriber.state !== "stopping") transcriber.send(pcm);
      });
      source.on("lost", (error) => {
        // Of two, the other goes on.
        if (!source.inputs.some(({ live }) => live)) void this.stop(error);
      });
      this.#tell.transcriber(transcriber);
      await transcriber.connect();
    } catch (error) {
      await this.#end(error);
    }
  }

  /** Ends after the last words; called again while that lasts, at once. */
  async stop(reason?: unknown): Promise<void> {
    if (this.#over) return;
    if (this.#stopping || this.#transcriber === undefined) return await this.#end(reason);
    this.#stopping = true;
    try {
      await this.#source?.stop();
      if (this.#transcriber.state !== "closed") await this.#transcriber.stop();
      await this.#end(reason);
    } catch (error) {
      await this.#end(error);
    }
  }

  #capture(): Promise<AudioSource> {
    const { source, deviceId, workletUrl, names } = this.#options;
    const { signal } = this.#abort;
    const options: SourceOptions = { signal, ...(workletUrl === undefined ? {} : { workletUrl }) };
    const device = deviceId === undefined ? {} : { deviceId };
    if (source === "tab") return tab(options);
    if (source === "microphone") return microphone({ ...options, ...device });
    const [own = "", other = ""] = names;
    return mixed({
      ...options,
      microphone: device,
      ...(own !== "" && other !== "" ? { channelNames: [own, other] as const } : {}),
    });
  }

  async #end(error: unknown): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#transcriber?.abort();
    this.#tell.over(error);
    await this.#source?.stop();
    // Also while the browser still asks.
    this.#abort.abort();
  }
}
