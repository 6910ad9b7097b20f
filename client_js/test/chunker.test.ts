import assert from "node:assert/strict";
import { test } from "node:test";
import { Chunker, type PcmChunk } from "../src/capture/chunker.js";

interface Collected {
  push(...blocks: Float32Array[]): void;
  flush(): void;
  chunks: PcmChunk[];
}

function collect(length: number, channels = 1): Collected {
  const chunks: PcmChunk[] = [];
  const chunker = new Chunker(length, channels, (chunk) => chunks.push(chunk));
  const push = (...blocks: Float32Array[]) => chunker.push(blocks, blocks[0]?.length ?? 0);
  return { push, flush: () => chunker.flush(), chunks };
}

test("cuts equal chunks and hands over the rest on flush", () => {
  const { push, flush, chunks } = collect(4);
  push(new Float32Array(10).fill(0.5));
  assert.deepEqual(chunks.map((chunk) => chunk.pcm.length), [4, 4]);
  flush();
  flush();
  assert.deepEqual(chunks.map((chunk) => chunk.pcm.length), [4, 4, 2]);
});

test("clips what is too loud and silences what is no number", () => {
  const { push, chunks } = collect(5);
  push(Float32Array.of(2, -2, Number.NaN, 1, -1));
  assert.deepEqual([...(chunks[0] as PcmChunk).pcm], [32_767, -32_767, 0, 32_767, -32_767]);
});

test("measures each chunk for itself", () => {
  const { push, chunks } = collect(2);
  push(Float32Array.of(0.6, -0.8, 0, 0));
  const [loud, silent] = chunks as [PcmChunk, PcmChunk];
  assert.ok(Math.abs(loud.rms - Math.sqrt(0.5)) < 1e-6);
  assert.ok(Math.abs(loud.peak - 0.8) < 1e-6);
  assert.deepEqual([silent.rms, silent.peak], [0, 0]);
});

test("never hands out the same buffer twice", () => {
  const { push, chunks } = collect(2);
  push(Float32Array.of(0.1, 0.1, 0.2, 0.2));
  assert.notEqual(chunks[0]?.pcm.buffer, chunks[1]?.pcm.buffer);
});

test("channels take turns, each with its own level; the whole has that of the loudest", () => {
  const { push, flush, chunks } = collect(2, 2);
  push(Float32Array.of(0.5, 0.5, 0.5), Float32Array.of(-1, 0, 0));
  flush();
  const [first, rest] = chunks as [PcmChunk, PcmChunk];
  assert.deepEqual([...first.pcm], [16_384, -32_767, 16_384, 0]);
  assert.deepEqual([...rest.pcm], [16_384, 0]);
  assert.deepEqual(first.levels.map(({ peak }) => peak), [0.5, 1]);
  assert.ok(Math.abs(first.rms - Math.sqrt(0.5)) < 1e-6);
  assert.equal(first.peak, 1);
  assert.deepEqual(rest.levels[1], { rms: 0, peak: 0 });
});

test("each chunk says where it begins", () => {
  const { push, flush, chunks } = collect(320);
  push(new Float32Array(800));
  flush();
  assert.deepEqual(chunks.map(({ startMs }) => startMs), [0, 20, 40]);
});
