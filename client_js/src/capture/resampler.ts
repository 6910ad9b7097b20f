/**
 * Any sample rate to 16 kHz, sample by sample, inside the audio thread.
 *
 * A polyphase windowed-sinc low-pass (Smith, "Digital Audio Resampling", CCRMA; Kaiser's window
 * and his estimate of its length). What lies above half the lower rate is damped by 80 dB before
 * it could fold into the speech band; the transition takes the last 8 % below it. State is kept
 * between blocks, so the result does not depend on how the input is cut.
 */

export const TARGET_RATE = 16_000;

const ATTENUATION_DB = 80;
const PASSBAND = 0.92;

export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #taps: number;
  readonly #phases: Float32Array[];
  #history: Float32Array;
  #filled: number;
  /** Position of the next output within `#history`, as a whole sample and a phase. */
  #index = 0;
  #phase = 0;

  constructor(inputRate: number, outputRate = TARGET_RATE) {
    if (!Number.isInteger(inputRate) || inputRate < 3000 || inputRate > 768_000)
      throw new RangeError(`sample rate ${inputRate} is not one of an audio device`);
    const divisor = gcd(inputRate, outputRate);
    this.#up = outputRate / divisor;
    this.#down = inputRate / divisor;
    this.#phases = this.#up === this.#down ? [] : designPhases(inputRate, outputRate, this.#up);
    this.#taps = this.#phases[0]?.length ?? 0;
    // Half a filter of silence first: output n then stands for the same moment as the input.
    this.#filled = this.#taps >> 1;
    this.#history = new Float32Array(this.#taps + 4096);
  }

  /** The most samples that `process` can write for `length` more input samples. */
  maxOutput(length: number): number {
    return Math.ceil((length * this.#up) / this.#down) + 2;
  }

  /** Resamples `input` into `output`; returns how many samples were written. */
  process(input: Float32Array, output: Float32Array): number {
    if (this.#taps === 0) {
      output.set(input);
      return input.length;
    }
    this.#admit(input);
    let written = 0;
    while (this.#index + this.#taps <= this.#filled) {
      const filter = this.#phases[this.#phase] as Float32Array;
      let sum = 0;
      for (let k = 0; k < this.#taps; k += 1)
        sum += (filter[k] as number) * (this.#history[this.#index + k] as number);
      output[written] = sum;
      written += 1;
      this.#phase += this.#down;
      this.#index += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    return written;
  }

  /** Samples of silence that push the last of the input out of the filter. */
  get flushLength(): number {
    return this.#taps >> 1;
  }

  #admit(input: Float32Array): void {
    // What lies before the next output's first tap is never read again.
    const used = Math.min(this.#index, this.#filled);
    const kept = this.#filled - used;
    if (kept + input.length > this.#history.length) {
      const grown = new Float32Array(kept + input.length + 4096);
      grown.set(this.#history.subarray(used, this.#filled));
      this.#history = grown;
    } else this.#history.copyWithin(0, used, this.#filled);
    this.#history.set(input, kept);
    this.#filled = kept + input.length;
    this.#index -= used;
  }
}

/** One filter per output phase, each with unit gain for a constant. */
function designPhases(inputRate: number, outputRate: number, up: number): Float32Array[] {
  const stop = Math.min(inputRate, outputRate) / 2;
  const pass = PASSBAND * stop;
  const cutoff = (pass + stop) / 2 / inputRate;
  const transition = (stop - pass) / inputRate;
  const half = Math.ceil((ATTENUATION_DB - 7.95) / (14.36 * transition) / 2);
  const taps = 2 * half;
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const phases: Float32Array[] = [];
  for (let phase = 0; phase < up; phase += 1) {
    const filter = new Float64Array(taps);
    let gain = 0;
    for (let k = 0; k < taps; k += 1) {
      const distance = k - half - phase / up;
      const shape = kaiser(distance / half, beta);
      const value = 2 * cutoff * sinc(2 * cutoff * distance) * shape;
      filter[k] = value;
      gain += value;
    }
    phases.push(Float32Array.from(filter, (value) => value / gain));
  }
  return phases;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number, beta: number): number {
  return Math.abs(x) > 1 ? 0 : besselI0(beta * Math.sqrt(1 - x * x)) / besselI0(beta);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
