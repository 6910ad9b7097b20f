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
        { sent: (share) => this.#sent(share), piece: (piece) => this.#piece(piece) },
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
    // An upload that is over may be told of once more.
    if (this.#phase === "file_heard") return;
    this.#phase = share < 1 ? "uploading" : "file_queued";
    this.#share = share < 1 ? share : undefined;
    this.#tell.facts();
  }

  #piece({ text, startMs, endMs, language, words, share }: Piece): void {
    this.#phase = "file_heard";
    this.#share = share;
    const start_ms = startMs ?? this.#heardMs;
    const end_ms = endMs ?? start_ms;
    const { length } = words;
    const final: Final = {
      type: "final",
      segment: this.#segment,
      channel: 0,
      start_ms,
      end_ms,
      text,
      confidence: length > 0 ? words.reduce((sum, word) => sum + word.confidence, 0) / length : 1,
      language,
      language_confidence: 1,
      reason: "end",
      words,
    };
    this.#segment += 1;
    this.#heardMs = Math.max(this.#heardMs, end_ms);
    const change = this.#captions.apply(final);
    if (change !== undefined) this.#tell.captions([change], final);
    this.#tell.facts();
  }
}
