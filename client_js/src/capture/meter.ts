/**
 * A level meter's needle: quick up, slow down, with the peak held for a moment. Pure; the moments
 * come from the caller (`performance.now()` where it draws).
 */

import type { Level } from "./chunker.js";

/** Full scale of the meter in dB of full scale: a quiet room, loud speech. */
const FLOOR_DB = -60;
const CEILING_DB = -6;
/** How fast the needle falls, in shares of its scale a second (IEC 60268-10 falls 20 dB in 1.7 s). */
const FALL_PER_S = 0.6;
const HOLD_MS = 1500;
const CLIPPED = 0.999;

/** A level in dB of full scale, −120 for silence. */
export function decibels(amplitude: number): number {
  return 20 * Math.log10(Math.max(amplitude, 1e-6));
}

export class LevelMeter {
  #value = 0;
  #peak = 0;
  #updatedAt = -Infinity;
  #peakAt = -Infinity;
  #clippedAt = -Infinity;

  /** Takes the level of one channel of a chunk. */
  add(level: Level, now: number): void {
    this.#fall(now);
    const value = share(level.rms);
    this.#value = Math.max(this.#value, value);
    if (value >= this.#peak) {
      this.#peak = value;
      this.#peakAt = now;
    }
    if (level.peak >= CLIPPED) this.#clippedAt = now;
  }

  /** Where the needle stands, of 1; the highest it lately stood; whether it lately was too loud. */
  read(now: number): { value: number; peak: number; clipped: boolean } {
    this.#fall(now);
    return { value: this.#value, peak: this.#peak, clipped: now - this.#clippedAt < HOLD_MS };
  }

  #fall(now: number): void {
    const seconds = Math.max(0, (now - this.#updatedAt) / 1000);
    this.#value = Math.max(0, this.#value - FALL_PER_S * seconds);
    if (now - this.#peakAt > HOLD_MS) this.#peak = this.#value;
    this.#updatedAt = now;
  }
}

function share(rms: number): number {
  return Math.min(1, Math.max(0, (decibels(rms) - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}
