import assert from "node:assert/strict";
import { test } from "node:test";
import { Resampler, TARGET_RATE } from "../src/capture/resampler.js";

function tone(hertz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: rate * seconds }, (_, i) =>
    Math.sin((2 * Math.PI * hertz * i) / rate),
  );
}

/** Resamples in blocks of the given lengths, repeated as often as needed. */
function resample(input: Float32Array, rate: number, blocks: number[] = [128]): Float32Array {
  const resampler = new Resampler(rate);
  const output = new Float32Array(resampler.maxOutput(input.length) + 16);
  let read = 0;
  let written = 0;
  for (let i = 0; read < input.length; i += 1) {
    const block = input.subarray(read, read + (blocks[i % blocks.length] as number));
    const room = new Float32Array(resampler.maxOutput(block.length));
    const count = resampler.process(block, room);
    assert.ok(count <= room.length);
    output.set(room.subarray(0, count), written);
    written += count;
    read += block.length;
  }
  return output.slice(0, written);
}

/** Level of a sine of amplitude 1 after resampling, away from the ends, in dB. */
function levelDb(hertz: number, rate: number): number {
  const output = resample(tone(hertz, rate, 0.3), rate).subarray(800, 4000);
  const power = output.reduce((sum, value) => sum + value * value, 0) / output.length;
  return 10 * Math.log10(Math.max(power, 1e-30) * 2);
}

for (const rate of [48_000, 44_100, 96_000, 32_000, 24_000, 22_050]) {
  test(`${rate} Hz: what would fold into the speech band is below −60 dB`, (t) => {
    let worst = -Infinity;
    const step = Math.max(97, (rate / 2 - 8000) / 40);
    for (let hertz = 8010; hertz < rate / 2; hertz += step)
      worst = Math.max(worst, levelDb(hertz, rate));
    t.diagnostic(`loudest alias at ${worst.toFixed(1)} dB`);
    assert.ok(worst < -60, `loudest alias at ${worst.toFixed(1)} dB`);
  });

  test(`${rate} Hz: speech passes within 0.1 dB`, (t) => {
    let most = 0;
    for (const hertz of [100, 440, 1000, 3000, 5500, 7000, 7300]) {
      const level = levelDb(hertz, rate);
      most = Math.max(most, Math.abs(level));
      assert.ok(Math.abs(level) < 0.1, `${hertz} Hz comes out at ${level.toFixed(2)} dB`);
    }
    t.diagnostic(`within ${most.toFixed(4)} dB`);
  });
}

test("a low rate is raised without images above its own band", () => {
  const output = resample(tone(3000, 8000, 1), 8000).subarray(1600, 14_000);
  const reference = tone(3000, TARGET_RATE, 1).subarray(1600, 14_000);
  const error = output.reduce((sum, value, i) => sum + (value - (reference[i] as number)) ** 2, 0);
  assert.ok(10 * Math.log10((2 * error) / output.length) < -60);
});

test("how the input is cut changes nothing", () => {
  const input = Float32Array.from({ length: 20_000 }, (_, i) => Math.sin(i * i * 1e-4));
  for (const rate of [48_000, 44_100]) {
    const whole = resample(input, rate, [20_000]);
    assert.deepEqual(resample(input, rate, [128]), whole);
    assert.deepEqual(resample(input, rate, [1, 127, 5, 1024, 3]), whole);
  }
});

test("output sample n stands for the moment n / 16000", () => {
  for (const rate of [48_000, 44_100, 8000]) {
    const input = tone(500, rate, 1);
    const output = resample(input, rate);
    const expected = tone(500, TARGET_RATE, 1);
    for (let n = 1000; n < 12_000; n += 100)
      assert.ok(Math.abs((output[n] as number) - (expected[n] as number)) < 1e-3, `${rate} at ${n}`);
  }
});

test("no sample is lost: a second in is a second out, less the filter's tail", () => {
  for (const rate of [48_000, 44_100, 16_000, 192_000]) {
    const resampler = new Resampler(rate);
    const seconds = 2;
    const input = new Float32Array(rate * seconds + resampler.flushLength).fill(1);
    const output = new Float32Array(resampler.maxOutput(input.length));
    const count = resampler.process(input, output);
    assert.ok(Math.abs(count - TARGET_RATE * seconds) <= 1, `${rate}: ${count}`);
  }
});

test("16 kHz passes untouched", () => {
  const input = tone(440, TARGET_RATE, 1);
  assert.deepEqual(resample(input, TARGET_RATE), input);
});

test("a rate that no device has is refused", () => {
  for (const rate of [0, -1, 44_100.5, Number.NaN, 10_000_000])
    assert.throws(() => new Resampler(rate), RangeError);
});
