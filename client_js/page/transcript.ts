/**
 * All that was said, over any number of runs, as files are made of it.
 *
 * Each run's time begins at nought; in the transcript it goes on where the run before it ended, so
 * that a file has one time.
 */

import type { CaptionLine } from "../src/captions.js";
import type { Final } from "../src/index.js";
import type { Utterance } from "./export/utterance.js";

export class Transcript {
  #said: Utterance[] = [];
  #offsetMs = 0;
  #endMs = 0;

  get utterances(): readonly Utterance[] {
    return this.#said;
  }

  get empty(): boolean {
    return this.#said.length === 0;
  }

  /** A line that will not change any more, with the server's last word on it if there was one. */
  add(line: CaptionLine, final: Final | undefined, speaker: string): void {
    const offset = this.#offsetMs;
    const words = final?.words?.map(({ text, start_ms, end_ms, confidence }) => ({
      text, startMs: start_ms + offset, endMs: end_ms + offset, confidence,
    }));
    this.#said.push({
      channel: line.channel,
      speaker,
      startMs: line.startMs + offset,
      endMs: line.endMs + offset,
      text: line.committed,
      words: words !== undefined && words.length > 0 ? words : undefined,
      language: final?.language ?? line.language,
      confidence: final?.confidence ?? null,
    });
    this.#endMs = Math.max(this.#endMs, line.endMs + offset);
  }

  /** A run is over that lasted so long. */
  endRun(lastedMs: number): void {
    this.#endMs = Math.max(this.#endMs, this.#offsetMs + Math.round(lastedMs));
    this.#offsetMs = this.#endMs;
  }

  clear(): void {
    this.#said = [];
    this.#offsetMs = this.#endMs = 0;
  }
}
