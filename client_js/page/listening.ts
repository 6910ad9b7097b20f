/**
 * One run from Start to Stop: a source of sound, a transcriber, and the facts about both.
 *
 * Knows nothing of the document. The same few facts drive the status line, the meter and the
 * figures.
 */

import type { CaptionModel, CaptionChange } from "../src/captions.js";
import { microphone, tab, type AudioSource, type CaptureError } from "../src/capture.js";
import { createTranscriber, type Task, type Transcriber, type TranscriberError } from "../src/index.js";
import { Latency } from "./latency.js";
import { warningWords, type Facts, type Phase, type SourceKind } from "./status.js";

export interface ListeningOptions {
  source: SourceKind;
  url: string;
  token: string | undefined;
  language: string;
  task: Task;
  workletUrl: URL;
}

export interface ListeningHandlers {
  captions(changes: CaptionChange[]): void;
  facts(): void;
  level(rms: number): void;
  /** The run is over; with the failure, if it ended by one. */
  over(error: unknown): void;
}

/** Below it a chunk counts as silence: −70 dB of full scale, under any room's noise. */
const SILENT_RMS = 10 ** (-70 / 20);
const WARNING_MS = 8000;

export class Listening {
  readonly #options: ListeningOptions;
  readonly #captions: CaptionModel;
  readonly #tell: ListeningHandlers;
  readonly #latency = new Latency();
  #source: AudioSource | undefined;
  #transcriber: Transcriber | undefined;
  #phase: Phase = "asking";
  #speakingChannels = new Set<number>();
  #quietMs = 0;
  #queuePosition = 0;
  #retryAt = 0;
  #goneAt = 0;
  #warning = "";
  #warningTimer: ReturnType<typeof setTimeout> | undefined;
  #startedAt = 0;
  #over = false;

  constructor(options: ListeningOptions, captions: CaptionModel, handlers: ListeningHandlers) {
    this.#options = options;
    this.#captions = captions;
    this.#tell = handlers;
  }

  get facts(): Omit<Facts, "summary"> {
    return {
      phase: this.#phase,
      source: this.#options.source,
      speaking: this.#speakingChannels.size > 0,
      quietMs: this.#quietMs,
      queuePosition: this.#queuePosition,
      retryInMs: Math.max(0, this.#retryAt - performance.now()),
      goneMs: this.#goneAt === 0 ? 0 : performance.now() - this.#goneAt,
      offline: navigator.onLine === false,
      warning: this.#warning,
    };
  }

  get elapsedMs(): number {
    return this.#startedAt === 0 ? 0 : performance.now() - this.#startedAt;
  }

  get latencyMs(): number | undefined {
    return this.#phase === "live" ? this.#latency.typicalMs : undefined;
  }

  async run(): Promise<void> {
    try {
      const { source, workletUrl } = this.#options;
      const capture = source === "microphone" ? microphone : tab;
      const opened = await capture({ workletUrl });
      if (this.#over) {
        await opened.stop();
        return;
      }
      this.#source = opened;
      this.#startedAt = performance.now();
      const transcriber = this.#connect();
      opened.on("chunk", ({ pcm, rms }) => this.#heard(transcriber, pcm, rms));
      opened.on("lost", (error) => void this.#finish(error));
      this.#to("connecting");
      await transcriber.connect();
    } catch (error) {
      await this.#end(error);
    }
  }

  /** Ends after the last words; called again while that lasts, ends at once. */
  async stop(): Promise<void> {
    if (this.#phase === "stopping" || this.#phase === "connecting" || this.#phase === "queued") {
      await this.#end(undefined);
    } else if (this.#transcriber === undefined) await this.#end(undefined);
    else await this.#finish(undefined);
  }

  setLanguage(language: string): void {
    if (this.#transcriber !== undefined && this.#transcriber.state !== "closed")
      this.#transcriber.configure({ language });
  }

  #connect(): Transcriber {
    const { url, token, language, task } = this.#options;
    const transcriber = createTranscriber({
      url,
      language,
      task,
      words: false,
      overflow: "drop_oldest",
      ...(token === undefined ? {} : { token }),
    });
    this.#transcriber = transcriber;
    transcriber.on("message", (message) => {
      const change = this.#captions.apply(message);
      if (change !== undefined) this.#tell.captions([change]);
    });
    transcriber.on("state", ({ to }) => {
      if (to === "open") this.#to("live");
      if (to === "stopping") this.#to("stopping");
    });
    transcriber.on("queued", ({ position }) => {
      this.#queuePosition = position;
      this.#to("queued");
    });
    transcriber.on("speech_started", ({ channel }) => this.#speaking(channel, true));
    transcriber.on("speech_ended", ({ channel }) => this.#speaking(channel, false));
    transcriber.on("partial", ({ segment, end_ms }) =>
      this.#latency.shown(segment, end_ms, transcriber.sentMs),
    );
    transcriber.on("warning", ({ code, detail }) => this.#warn(warningWords(code, detail)));
    transcriber.on("reconnecting", ({ delay_ms }) => {
      this.#retryAt = performance.now() + (delay_ms ?? 0);
      this.#goneAt ||= performance.now();
      this.#speakingChannels.clear();
      this.#latency.clear();
      this.#to("reconnecting");
    });
    transcriber.on("reconnected", ({ resumed, lost_ms }) => {
      this.#goneAt = 0;
      // In a session that goes on, open lines do so, too.
      if (!resumed) this.#tell.captions(this.#captions.reconnected(lost_ms));
    });
    transcriber.on("audio_lost", ({ lost_ms }) =>
      this.#warn(`About ${Math.ceil(lost_ms / 1000)} s were lost: the network was too slow, or gone.`),
    );
    transcriber.on("error", (error: TranscriberError) => void this.#end(error));
    return transcriber;
  }

  #heard(transcriber: Transcriber, pcm: Int16Array<ArrayBuffer>, rms: number): void {
    this.#tell.level(rms);
    this.#quietMs = rms < SILENT_RMS ? this.#quietMs + pcm.length / 16 : 0;
    // While stopping, the last chunks still come in from the source and belong to the session.
    if (!this.#over && transcriber.state !== "closed" && transcriber.state !== "stopping")
      transcriber.send(pcm);
  }

  #speaking(channel: number, on: boolean): void {
    if (on) this.#speakingChannels.add(channel);
    else this.#speakingChannels.delete(channel);
    this.#tell.facts();
  }

  #warn(words: string): void {
    if (words === "") return;
    this.#warning = words;
    clearTimeout(this.#warningTimer);
    this.#warningTimer = setTimeout(() => {
      this.#warning = "";
      this.#tell.facts();
    }, WARNING_MS);
    this.#tell.facts();
  }

  async #finish(reason: CaptureError | undefined): Promise<void> {
    if (this.#phase === "stopping" || this.#over) return;
    this.#to("stopping");
    try {
      await this.#source?.stop();
      await this.#transcriber?.stop();
      await this.#end(reason);
    } catch (error) {
      await this.#end(error);
    }
  }

  async #end(error: unknown): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#warningTimer);
    this.#transcriber?.abort();
    this.#tell.captions(this.#captions.restart());
    this.#tell.over(error);
    await this.#source?.stop();
  }

  #to(phase: Phase): void {
    // Nothing leads back from stopping: a reconnect on the way is still part of it.
    if (this.#over || (this.#phase === "stopping" && phase !== "stopping")) return;
    this.#phase = phase;
    this.#tell.facts();
  }
}
