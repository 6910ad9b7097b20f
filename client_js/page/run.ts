/** What the page sees of a run, be it of listening or of a recording. */

import type { CaptionChange } from "../src/captions.js";
import type { Final } from "../src/index.js";
import type { Facts } from "./status.js";

export interface RunHandlers {
  /** Lines changed; `final` is the server's word on the one that settled, `speaker` who said it. */
  captions(changes: readonly CaptionChange[], final?: Final): void;
  facts(): void;
  level(rms: number): void;
  /** The run is over; with the failure, if it ended by one. */
  over(error: unknown): void;
}

export interface Run {
  readonly facts: Omit<Facts, "summary">;
  /** Of sound, as the times of its lines count it. */
  readonly elapsedMs: number;
  readonly paused: boolean;
  /** The names of its channels; empty where there is but one. */
  readonly speakers: readonly string[];
  run(): Promise<void>;
  /** Ends after the last words; called again while that lasts, ends at once. */
  stop(): Promise<void>;
  pause(): void;
  resume(): void;
  configure(options: { language?: string; hotwords?: string[] }): void;
  useMicrophone(deviceId: string): void;
}
