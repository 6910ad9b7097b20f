/** One run over a recording: its upload, its turn, its text. */

import type { CaptionModel } from "../src/captions.js";
import type { Final } from "../src/index.js";
import { PageError } from "./failures.js";
import type { Run, RunHandlers } from "./run.js";
import { atRest, type Facts, type Phase } from "./status.js";
import { upload, type Piece, type UploadOptions } from "./upload.js";

export class Recording implements Run {
  readonly paused = false;
  readonly speakers: readonly string[] = [];
  readonly #options: UploadOptions;
  readonly #captions: CaptionModel;
  readonly #tell: RunHandlers;
  readonly #abort = new AbortController();
  #phase: Phase = "uploading";
  #share: number | undefined = 0;
  #heardMs = 0;
  #segment = 0;

  constructor(options: UploadOptions, captions: CaptionModel, handlers: RunHandlers) {
    this.#options = options;
    this.#captions = captions;
    this.#tell = handlers;
  }

  get facts(): Omit<Facts, "summary"> {
    const file = { name: this.#options.file.name, share: this.#share };
    return { ...atRest, phase: this.#phase, source: "microphone", offline: navigator.onLine === false, file };
  }

  get elapsedMs(): number {
    return this.#heardMs;
  }

  async run(): Promise<void> {
    let failure: unknown;
    try {
      const { damaged } = await upload(
        this.#options,
        {
          sent: (share) => this.#sent(share),
          heard: (share) => this.#heard(share),
          piece: (piece) => this.#piece(piece),
        },
        this.#abort.signal,
      );
      if (damaged) failure = new PageError("file_damaged");
    } catch (error) {
      if (!this.#abort.signal.aborted) failure = error;
    }
    this.#tell.captions(this.#captions.restart());
    this.#tell.over(failure);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
  }

  pause(): void {}
  resume(): void {}
  configure(): void {}
  useMicrophone(): void {}

  #sent(share: number): void {
    // The answer may begin before the browser tells of the upload's end.
    if (this.#phase === "file_heard") return;
    this.#phase = share < 1 ? "uploading" : "file_queued";
    this.#share = share < 1 ? share : undefined;
    this.#tell.facts();
  }

  #heard(share: number | undefined): void {
    this.#phase = "file_heard";
    this.#share = share;
    this.#tell.facts();
  }

  #piece({ text, startMs, endMs, language, confidence, words }: Piece): void {
    const final: Final = {
      type: "final",
      segment: this.#segment,
      channel: 0,
      start_ms: startMs,
      end_ms: endMs,
      text,
      confidence,
      language,
      language_confidence: 1,
      reason: "silence",
      words,
    };
    this.#segment += 1;
    this.#heardMs = Math.max(this.#heardMs, endMs);
    const change = this.#captions.apply(final);
    if (change !== undefined) this.#tell.captions([change], final);
    this.#heard(this.#share);
  }
}
