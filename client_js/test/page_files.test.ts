/** The files that text is saved as, held to what the server makes of the same words. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { written } from "../page/export/formats.js";
import type { Utterance } from "../page/export/utterance.js";
import { Transcript } from "../page/transcript.js";
import { CaptionModel } from "../src/captions.js";
import type { Final } from "../src/index.js";

interface Segment {
  channel: number;
  speaker?: string;
  start_ms: number;
  end_ms: number;
  text: string;
  language: string;
  confidence: number;
  words?: { text: string; start_ms: number; end_ms: number; confidence: number }[];
}
interface Recorded {
  name: string;
  vtt: string;
  srt: string;
  txt: string;
  json: { text: string; segments: Segment[] };
}

const recorded = JSON.parse(await readFile(path.join(process.cwd(), "test/cues.json"), "utf8")) as Recorded[];

function utterance(said: Segment): Utterance {
  return {
    channel: said.channel, speaker: said.speaker ?? "", text: said.text, language: said.language,
    startMs: said.start_ms, endMs: said.end_ms, confidence: said.confidence,
    words: said.words?.map(({ text, start_ms, end_ms, confidence }) => ({
      text, startMs: start_ms, endMs: end_ms, confidence,
    })),
  };
}

for (const { name, json, ...files } of recorded)
  test(`the server's own files, byte for byte: ${name}`, () => {
    const said = json.segments.map(utterance);
    for (const format of ["vtt", "srt", "txt"] as const) assert.equal(written(format, said), files[format]);
    assert.deepEqual(JSON.parse(written("json", said)), json);
  });

test("nothing said makes files that are still files", () => {
  assert.equal(written("vtt", []), "WEBVTT\n");
  assert.equal(written("srt", []), "");
  assert.deepEqual(JSON.parse(written("json", [])), { text: "", segments: [] });
});

const final = (segment: number, text: string, start_ms: number): Final => ({
  type: "final", segment, channel: 0, start_ms, end_ms: start_ms + 900, text, confidence: 0.5, language: "en",
  language_confidence: 1, reason: "silence", words: [{ text, start_ms, end_ms: start_ms + 900, confidence: 0.5 }],
});

test("a second run goes on where the first one ended, and what never became final is kept", () => {
  const model = new CaptionModel();
  const transcript = new Transcript();
  const say = (said: Final) => {
    const change = model.apply(said);
    if (change?.kind === "settled") transcript.add(change.line, said, "");
  };
  say(final(0, "One.", 100));
  model.apply({
    type: "partial", segment: 1, revision: 1, channel: 0, start_ms: 2000, end_ms: 2500, text: "two and",
    committed: "two", tentative: "and", language: "en",
  });
  for (const change of model.restart())
    if (change.kind === "settled") transcript.add(change.line, undefined, "");
  transcript.endRun(5000);
  say(final(0, "Three.", 100));
  const said = transcript.utterances.map(({ text, startMs, words, confidence }) => [text, startMs, words?.[0]?.startMs, confidence]);
  assert.deepEqual(said, [["One.", 100, 100, 0.5], ["two and", 2000, undefined, null], ["Three.", 5100, 5100, 0.5]]);
  assert.match(written("srt", transcript.utterances), /3\n00:00:05,100 --> 00:00:06,100\nThree\./);
  transcript.clear();
  assert.equal(transcript.empty, true);
});
