/**
 * One run from Start to Stop: a source of sound, a transcriber, and the facts about both.
 *
 * Knows nothing of the document. The same few facts drive the status line, the meter and the
 * figures.
 */

import type { CaptionModel } from "../src/captions.js";
import { microphone, mixed, tab, type AudioSource, type CaptureError } from "../src/capture.js";
import { createTranscriber, type Task, type Transcriber, type TranscriberError } from "../src/index.js";
import { Latency } from "./latency.js";
import type { Run, RunHandlers } from "./run.js";
import { atRest, noticeOf, type Facts, type Notice, type Phase, type SourceKind } from "./status.js";

export interface ListeningOptions {
  source: SourceKind;
  /** Of the microphone; empty for the system's choice. */
  deviceId: string;
  /** Names of the two channels, where microphone and tab are heard. */
  names: readonly [string, string];
  url: string;
  token: string | undefined;
  language: string;
  task: Task;
  hotwords: string[];
  workletUrl: URL;
}

/** Below it a chunk counts as silence: −70 dB of full scale, under any room's noise. */
const SILENT_RMS = 10 ** (-70 / 20);
const WARNING_MS = 8000;

export class Listening implements Run {
  readonly #options: ListeningOptions;
  readonly #captions: CaptionModel;
  readonly #tell: RunHandlers;
  readonly #latency = new Latency();
  readonly #speakingChannels = new Set<number>();
  #source: AudioSource | undefined;
  #transcriber: Transcriber | undefined;
  #phase: Phase = "asking";
  #paused = false;
  #quietMs = 0;
  #queue = { position: 0, etaMs: 0 };
  #retryAt = 0;
  #goneAt = 0;
  #lost = 0;
  #warning: Notice | undefined;
  #warningTimer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(options: ListeningOptions, captions: CaptionModel, handlers: RunHandlers) {
    this.#options = options;
    this.#captions = captions;
    this.#tell = handlers;
  }

  get facts(): Omit<Facts, "summary"> {
    return {
      ...atRest,
      phase: this.#paused && this.#phase !== "stopping" ? "paused" : this.#phase,
      source: this.#options.source,
      speaking: this.#speakingChannels.size > 0,
      quietMs: this.#quietMs,
      latencyMs: this.#phase === "live" && !this.#paused ? this.#latency.typicalMs : undefined,
      queuePosition: this.#queue.position,
      queueEtaMs: this.#queue.etaMs,
      retryInMs: Math.max(0, this.#retryAt - performance.now()),
      goneMs: this.#goneAt === 0 ? 0 : performance.now() - this.#goneAt,
      offline: navigator.onLine === false,
      warning: this.#source?.state === "suspended" ? { code: "held" } : this.#warning,
    };
  }

  get elapsedMs(): number {
    return this.#transcriber?.sentMs ?? 0;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get speakers(): readonly string[] {
    return this.#options.source === "both" ? this.#options.names : [];
  }

  async run(): Promise<void> {
    try {
      const opened = await this.#open();
      if (this.#over) {
        await opened.stop();
        return;
      }
      this.#source = opened;
      const transcriber = this.#connect(opened);
      const samplesPerMs = (opened.format.sample_rate * opened.format.channels) / 1000;
      opened.on("chunk", ({ pcm, rms }) => this.#heard(transcriber, pcm, rms, samplesPerMs));
      opened.on("lost", (error) => this.#inputLost(error, opened.inputs.length));
      opened.on("device", () => this.#warn({ code: "other_device" }));
      opened.on("state", () => this.#tell.facts());
      this.#to("connecting");
      await transcriber.connect();
    } catch (error) {
      await this.#end(error);
    }
  }

  async stop(): Promise<void> {
    if (this.#phase === "stopping" || this.#phase === "connecting" || this.#phase === "queued") {
      await this.#end(undefined);
    } else if (this.#transcriber === undefined) await this.#end(undefined);
    else await this.#finish(undefined);
  }

  /**
   * From now on no sound leaves the device, and the time of the text stands still. What was said
   * is finished. A server that lets the silent session go is connected to again on `resume`.
   */
  pause(): void {
    if (this.#paused || this.#phase === "stopping" || this.#over) return;
    this.#paused = true;
    this.#quietMs = 0;
    this.#speakingChannels.clear();
    const { state } = this.#transcriber ?? {};
    if (state === "open" || state === "reconnecting")
      void this.#transcriber?.finalize().catch(() => undefined);
    this.#tell.facts();
  }

  resume(): void {
    this.#paused = false;
    this.#latency.clear();
    void this.#source?.resume();
    this.#tell.facts();
  }

  configure(options: { language?: string; hotwords?: string[] }): void {
    Object.assign(this.#options, options);
    if (this.#transcriber !== undefined && this.#transcriber.state !== "closed")
      this.#transcriber.configure(options);
  }

  useMicrophone(deviceId: string): void {
    if (this.#options.source === "tab") return;
    const settings = deviceId === "" ? {} : { deviceId };
    void this.#source?.useMicrophone(settings).catch(() => this.#warn({ code: "device_refused" }));
  }

  #open(): Promise<AudioSource> {
    const { source, deviceId, workletUrl, names } = this.#options;
    // With the system's choice, unplugging it is no reason to end: there may be another.
    const device = deviceId === "" ? { fallback: true } : { deviceId };
    if (source === "microphone") return microphone({ workletUrl, ...device });
    if (source === "tab") return tab({ workletUrl });
    return mixed({ workletUrl, microphone: device, channelNames: names });
  }

  #connect(opened: AudioSource): Transcriber {
    const { url, token, language, task, hotwords } = this.#options;
    const transcriber = createTranscriber({
      url,
      language,
      task,
      audio: opened.format,
      overflow: "drop_oldest",
      ...(hotwords.length > 0 ? { hotwords } : {}),
      ...(token === undefined ? {} : { token }),
    });
    this.#transcriber = transcriber;
    transcriber.on("message", (message) => {
      const change = this.#captions.apply(message);
      if (change !== undefined)
        this.#tell.captions([change], message.type === "final" ? message : undefined);
    });
    transcriber.on("state", ({ to }) => {
      if (to === "open") this.#to("live");
      if (to === "stopping") this.#to("stopping");
    });
    transcriber.on("queued", ({ position, eta_ms }) => {
      this.#queue = { position, etaMs: eta_ms };
      this.#to("queued");
    });
    transcriber.on("speech_started", ({ channel }) => this.#speaking(channel, true));
    transcriber.on("speech_ended", ({ channel }) => this.#speaking(channel, false));
    transcriber.on("partial", ({ segment, end_ms }) =>
      this.#latency.shown(segment, end_ms, transcriber.sentMs),
    );
    transcriber.on("warning", ({ code, detail }) => this.#warn(noticeOf(code, detail)));
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
    transcriber.on("audio_lost", ({ lost_ms }) => this.#warn({ code: "audio_lost", ms: lost_ms }));
    transcriber.on("error", (error: TranscriberError) => void this.#end(error));
    return transcriber;
  }

  #heard(transcriber: Transcriber, pcm: Int16Array<ArrayBuffer>, rms: number, samplesPerMs: number): void {
    if (this.#paused) {
      this.#tell.level(0);
      return;
    }
    this.#tell.level(rms);
    this.#quietMs = rms < SILENT_RMS ? this.#quietMs + pcm.length / samplesPerMs : 0;
    // While stopping, the last chunks still come in from the source and belong to the session.
    if (!this.#over && transcriber.state !== "closed" && transcriber.state !== "stopping")
      transcriber.send(pcm);
  }

  #inputLost(error: CaptureError, inputs: number): void {
    this.#lost += 1;
    // Of two, the other one goes on.
    if (error.code === "device_lost" && this.#lost < inputs)
      this.#warn({ code: error.input === "tab" ? "tab_ended" : "microphone_ended" });
    else void this.#finish(error);
  }

  #speaking(channel: number, on: boolean): void {
    if (on) this.#speakingChannels.add(channel);
    else this.#speakingChannels.delete(channel);
    this.#tell.facts();
  }

  #warn(notice: Notice | undefined): void {
    if (notice === undefined) return;
    this.#warning = notice;
    clearTimeout(this.#warningTimer);
    this.#warningTimer = setTimeout(() => {
      this.#warning = undefined;
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
