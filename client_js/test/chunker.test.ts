import assert from "node:assert/strict";
import { test } from "node:test";
import { Chunker, type PcmChunk } from "../src/capture/chunker.js";

function collect(length: number): { chunker: Chunker; chunks: PcmChunk[] } {
  const chunks: PcmChunk[] = [];
  return { chunker: new Chunker(length, (chunk) => chunks.push(chunk)), chunks };
}

test("cuts equal chunks and hands over the rest on flush", () => {
  const { chunker, chunks } = collect(4);
  chunker.push(new Float32Array(10).fill(0.5));
  assert.deepEqual(chunks.map((chunk) => chunk.pcm.length), [4, 4]);
  chunker.flush();
  chunker.flush();
  assert.deepEqual(chunks.map((chunk) => chunk.pcm.length), [4, 4, 2]);
});

test("clips what is too loud and silences what is no number", () => {
  const { chunker, chunks } = collect(5);
  chunker.push(Float32Array.of(2, -2, Number.NaN, 1, -1));
  assert.deepEqual([...(chunks[0] as PcmChunk).pcm], [32_767, -32_767, 0, 32_767, -32_767]);
});

test("measures each chunk for itself", () => {
  const { chunker, chunks } = collect(2);
  chunker.push(Float32Array.of(0.6, -0.8, 0, 0));
  const [loud, silent] = chunks as [PcmChunk, PcmChunk];
  assert.ok(Math.abs(loud.rms - Math.sqrt(0.5)) < 1e-6);
  assert.ok(Math.abs(loud.peak - 0.8) < 1e-6);
  assert.deepEqual([silent.rms, silent.peak], [0, 0]);
});

test("never hands out the same buffer twice", () => {
  const { chunker, chunks } = collect(2);
  chunker.push(Float32Array.of(0.1, 0.1, 0.2, 0.2));
  assert.notEqual(chunks[0]?.pcm.buffer, chunks[1]?.pcm.buffer);
});
