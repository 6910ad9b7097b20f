import assert from "node:assert/strict";
import { test } from "node:test";
import { bcp47, CaptionModel, countWords } from "../src/captions/model.js";
import { clock } from "../src/captions/clock.js";
import type { Final, PartialText, ServerMessage } from "../src/protocol.js";

function partial(segment: number, committed: string, tentative: string, fields: Partial<PartialText> = {}): PartialText {
  const text = [committed, tentative].filter((part) => part !== "").join(" ");
  return {
    type: "partial", segment, revision: 1, channel: 0, start_ms: segment * 1000,
    end_ms: segment * 1000 + 500, text, committed, tentative, language: "en", ...fields,
  };
}

function final(segment: number, text: string, fields: Partial<Final> = {}): Final {
  return {
    type: "final", segment, channel: 0, start_ms: segment * 1000, end_ms: segment * 1000 + 900, text,
    confidence: 1, language: "en", language_confidence: 1, reason: "silence", words: [], ...fields,
  };
}

function play(...messages: ServerMessage[]): CaptionModel {
  const model = new CaptionModel();
  for (const message of messages) model.apply(message);
  return model;
}

const shown = (model: CaptionModel) =>
  model.lines.map((line) => `${line.settled ? "=" : "~"}${line.committed}|${line.tentative}`);

test("a line is spoken, then settles under the same key", () => {
  const model = new CaptionModel();
  const first = model.apply(partial(0, "good", "mourning"));
  assert.equal(first?.kind, "updated");
  assert.deepEqual(shown(model), ["~good| mourning"]);
  const last = model.apply(final(0, " Good morning. "));
  assert.ok(first?.kind === "updated" && last?.kind === "settled");
  assert.equal(last.line.key, first.line.key);
  assert.deepEqual(shown(model), ["=Good morning.|"]);
});

test("committed and tentative text meet as the server joined them", () => {
  assert.deepEqual(shown(play(partial(0, "今日は", "天気", { text: "今日は天気" }))), ["~今日は|天気"]);
  assert.deepEqual(shown(play(partial(0, "a", " b", { text: "a b" }))), ["~a| b"]);
  assert.deepEqual(shown(play(partial(0, "", " b"))), ["~|b"]);
});

test("nothing older than what is shown is shown again", () => {
  const model = play(partial(0, "two", "", { revision: 2 }));
  assert.equal(model.apply(partial(0, "one", "", { revision: 1 })), undefined);
  model.apply(final(0, "done"));
  assert.equal(model.apply(partial(0, "late", "", { revision: 9 })), undefined);
  assert.equal(model.apply(final(0, "twice")), undefined);
  assert.deepEqual(shown(model), ["=done|"]);
});

test("lines stand in the order of their start, whichever channel settles first", () => {
  const model = play(
    partial(0, "first", "", { channel: 0, start_ms: 0 }),
    partial(1, "second", "", { channel: 1, start_ms: 400 }),
    final(1, "second", { channel: 1, start_ms: 400 }),
    final(0, "first", { channel: 0, start_ms: 0 }),
  );
  assert.deepEqual(shown(model), ["=first|", "=second|"]);
});

test("the same number on two channels is two lines", () => {
  assert.equal(play(partial(0, "a", "", { channel: 0 }), partial(0, "b", "", { channel: 1 })).lines.length, 2);
});

test("what was judged not to be speech disappears", () => {
  const warning = { type: "warning", code: "suppressed", message: "" } as const;
  const model = play(partial(0, "thanks for watching", ""), partial(1, "b", "", { channel: 1 }));
  assert.deepEqual(model.apply({ ...warning, detail: { segment: 0, channel: 0 } }), { kind: "removed", key: "0:0:0" });
  assert.deepEqual(shown(model), ["~b|"]);
  model.apply({ ...warning, detail: { channel: 1 } });
  assert.deepEqual(shown(model), []);
  assert.equal(model.apply({ ...warning, code: "draining", detail: {} }), undefined);
});

test("a final without words takes its line away", () => {
  assert.deepEqual(shown(play(partial(0, "", "hm"), final(0, "  "))), []);
});

test("after a reconnect open lines are told again, or stay where audio was lost", () => {
  const whole = play(final(0, "kept"), partial(1, "to be", "told"));
  assert.deepEqual(whole.reconnected(0), [{ kind: "removed", key: "0:0:1" }]);
  whole.apply(partial(1, "to", "", { revision: 0 }));
  assert.deepEqual(shown(whole), ["=kept|", "~to|"]);
  const torn = play(partial(1, "to be", "lost"));
  assert.equal(torn.reconnected(500)[0]?.kind, "settled");
  assert.deepEqual(shown(torn), ["=to be lost|"]);
});

test("a new transcription may use the numbers again and stands below the old one", () => {
  const model = play(final(5, "old"), partial(6, "old", "tail"));
  model.restart();
  model.apply(final(0, "new", { start_ms: 0 }));
  assert.deepEqual(shown(model), ["=old|", "=old tail|", "=new|"]);
  assert.equal(model.text(), "old\nold tail\nnew");
});

test("clear forgets the text and nothing else", () => {
  const model = play(final(0, "gone"), partial(1, "still", "speaking"));
  model.clear();
  assert.deepEqual(shown(model), []);
  assert.equal(model.apply(final(0, "gone")), undefined);
  model.apply(partial(1, "still", "speaking on", { revision: 2 }));
  assert.deepEqual(shown(model), ["~still| speaking on"]);
});

test("translated text is English, whatever was spoken", () => {
  const model = new CaptionModel();
  model.textLanguage = "en";
  model.apply(final(0, "Good day", { language: "de" }));
  assert.equal(model.lines[0]?.language, "en");
});

test("language tags are those that browsers know", () => {
  assert.deepEqual(["de", "jw", "auto", ""].map(bcp47), ["de", "jv", "", ""]);
});

test("words are counted as readers count them", () => {
  assert.equal(countWords("It’s twenty-one o'clock, isn't it?"), 5);
  assert.equal(countWords("今日は"), 3);
  assert.equal(countWords("नमस्ते दुनिया"), 2);
  assert.equal(countWords(" … "), 0);
});

test("clock shows hours once there are any", () => {
  assert.deepEqual([0, 61_900, 3_600_000, 36_061_000].map(clock), ["0:00", "1:01", "1:00:00", "10:01:01"]);
});
