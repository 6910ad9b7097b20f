import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import workletSource from "inline:worklet";

interface Processor {
  port: { posted: { message: Message; transfer: ArrayBuffer[] }[]; onmessage?: () => void };
  process(inputs: Float32Array[][]): boolean;
}
interface Message {
  type: string;
  pcm: Int16Array;
  rms: number;
}

/** Runs the built worklet, the very text the page loads, in a global scope like the audio thread's. */
function load(sampleRate: number, chunkMs: number, channels = 1): Processor {
  let Made: (new (options: object) => Processor) | undefined;
  class AudioWorkletProcessor {
    port = {
      posted: [] as unknown[],
      postMessage(message: unknown, transfer: unknown[]) {
        this.posted.push({ message, transfer });
      },
    };
  }
  const scope = {
    sampleRate,
    AudioWorkletProcessor,
    registerProcessor: (name: string, made: never) => {
      assert.equal(name, "wirescribe-pcm");
      Made = made;
    },
  };
  vm.runInNewContext(workletSource, scope);
  assert.ok(Made);
  return new Made({ processorOptions: { chunkMs, channels } });
}

function blocks(seconds: number, rate: number, value: (i: number) => number): Float32Array[] {
  const count = Math.floor((seconds * rate) / 128);
  return Array.from({ length: count }, (_, block) =>
    Float32Array.from({ length: 128 }, (_, i) => value(block * 128 + i)),
  );
}

test("a second of 48 kHz becomes 40 ms chunks that are given away, not copied", () => {
  const processor = load(48_000, 40);
  for (const block of blocks(1, 48_000, (i) => Math.sin(i / 20))) processor.process([[block]]);
  const { posted } = processor.port;
  assert.ok(posted.length >= 24);
  for (const { message, transfer } of posted) {
    assert.equal(message.type, "chunk");
    assert.equal(message.pcm.length, 640);
    assert.equal(transfer[0], message.pcm.buffer);
  }
});

test("a device's channels are averaged", () => {
  const processor = load(16_000, 20);
  for (const left of blocks(0.1, 16_000, () => 0.5))
    processor.process([[left, new Float32Array(128).fill(-0.25)]]);
  const [first] = processor.port.posted;
  assert.equal(first?.message.pcm[100], Math.round(0.125 * 32_767));
});

test("a source that delivers nothing counts as silence, so that time goes on", () => {
  const processor = load(16_000, 20);
  for (let i = 0; i < 25; i += 1) processor.process([[]]);
  assert.equal(processor.port.posted.length, 10);
  assert.equal(processor.port.posted[0]?.message.rms, 0);
});

test("flush hands over every last sample once, then the processor ends", () => {
  const processor = load(44_100, 100);
  const input = blocks(0.5, 44_100, () => 0.3);
  for (const block of input) assert.equal(processor.process([[block]]), true);
  processor.port.onmessage?.();
  processor.port.onmessage?.();
  const { posted } = processor.port;
  assert.equal(posted.filter(({ message }) => message.type === "flushed").length, 1);
  assert.equal(posted.at(-1)?.message.type, "flushed");
  const samples = posted.reduce((sum, { message }) => sum + (message.pcm?.length ?? 0), 0);
  const expected = (input.length * 128 * 16_000) / 44_100;
  assert.ok(samples >= expected - 1 && samples < expected + 64, `${samples} of ${expected}`);
  assert.equal(processor.process([[new Float32Array(128)]]), false);
});

test("two inputs become two channels, sample by sample, also while one delivers nothing", () => {
  const processor = load(48_000, 20, 2);
  const [left, right] = [blocks(0.5, 48_000, () => 0.5), blocks(0.5, 48_000, () => -0.25)];
  left.forEach((block, i) => processor.process(i % 60 < 30 ? [[block], [right[i] as Float32Array]] : [[block], []]));
  processor.port.onmessage?.();
  const chunks = processor.port.posted.map(({ message }) => message).filter(({ type }) => type === "chunk");
  const pcm = chunks.flatMap((chunk) => [...chunk.pcm]);
  const expected = (left.length * 128) / 3;
  assert.ok(Math.abs(pcm.length / 2 - expected) <= 64, `${pcm.length / 2} of ${expected}`);
  assert.ok(Math.abs((pcm[2 * 800] as number) - 16_384) < 40);
  assert.ok(Math.abs((pcm[2 * 800 + 1] as number) + 8192) < 40);
  assert.equal(pcm[2 * 2000 + 1], 0);
  assert.ok(Math.abs((pcm[2 * 2000] as number) - 16_384) < 40);
});

for (const rate of [48_000, 44_100])
  test(`a sweep from 8 kHz up comes out of the built worklet below −60 dB, at ${rate} Hz`, (t) => {
    const processor = load(rate, 100);
    const seconds = 4;
    const top = rate / 2 - 8000;
    // The phase of a tone that rises evenly from 8 kHz to half the rate.
    const phase = (s: number) => 2 * Math.PI * (8000 * s + (top * s * s) / (2 * seconds));
    const sweep = blocks(seconds, rate, (i) => 0.99 * Math.sin(phase(i / rate)));
    for (const block of sweep) processor.process([[block]]);
    const levels = processor.port.posted.map(({ message }) => 20 * Math.log10((message.rms || 1e-9) * Math.SQRT2));
    // Where the tone sets in there is every frequency.
    const worst = Math.max(...levels.slice(1));
    t.diagnostic(`loudest 100 ms at ${worst.toFixed(1)} dB of full scale`);
    assert.ok(levels.length >= 39 && worst < -60, `${worst.toFixed(1)} dB`);
  });
