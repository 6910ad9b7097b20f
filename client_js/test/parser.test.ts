import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServerMessage } from "../src/parser.js";

const parse = (value: unknown) => parseServerMessage(JSON.stringify(value));

test("reads a partial with its committed and tentative text", () => {
  const message = {
    type: "partial", segment: 3, revision: 7, channel: 1, start_ms: 100, end_ms: 900,
    text: "so it goes", committed: "so it", tentative: "goes", language: "en",
  };
  assert.deepEqual(parse(message), message);
});

test("takes a partial without a split as tentative altogether", () => {
  const partial = parse({ type: "partial", segment: 0, revision: 1, text: "perhaps" });
  assert.ok(partial?.type === "partial");
  assert.equal(partial.committed, "");
  assert.equal(partial.tentative, "perhaps");
});

test("reads a final with its words", () => {
  const word = { text: "yes", start_ms: 10, end_ms: 200, confidence: 0.8 };
  const final = {
    type: "final", segment: 0, channel: 0, start_ms: 0, end_ms: 300, text: "yes", confidence: 0.9,
    language: "en", language_confidence: 0.99, reason: "silence", words: [word],
  };
  assert.deepEqual(parse(final), final);
});

test("ignores unknown fields, and words that are no objects", () => {
  const final = parse({ type: "final", segment: 0, text: "a", later: true, words: ["x", null] });
  assert.ok(final?.type === "final");
  assert.ok(!("later" in final));
  assert.deepEqual(final.words, []);
});

test("keeps everything a warning says", () => {
  assert.deepEqual(parse({ type: "warning", code: "draining", message: "soon", deadline_ms: 5 }), {
    type: "warning", code: "draining", message: "soon", detail: { deadline_ms: 5 },
  });
});

test("reads an error with and without a time to wait", () => {
  const error = { type: "error", code: "overloaded", message: "full", retryable: true };
  assert.deepEqual(parse(error), error);
  assert.deepEqual(parse({ ...error, retry_after_ms: 9 }), { ...error, retry_after_ms: 9 });
});

test("understands nothing in what is not a message of this protocol", () => {
  const damaged = [
    "", "{", "null", "[]", "7", '"partial"', "{}", '{"type":7}', '{"type":"toString"}',
    '{"type":"unheard_of"}', '{"type":"partial"}', '{"type":"final","segment":"0"}',
  ];
  for (const text of damaged) assert.equal(parseServerMessage(text), undefined, text);
});

test("does without fields of the wrong kind", () => {
  const started = parse({ type: "started", session_id: 4, limits: "none", model: null });
  assert.ok(started?.type === "started");
  assert.equal(started.session_id, "");
  assert.equal(started.limits.max_session_ms, 0);
});
