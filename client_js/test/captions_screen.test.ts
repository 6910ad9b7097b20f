import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, direction, tokens } from "../src/captions/breaking.js";
import type { CaptionLine } from "../src/captions/model.js";
import { LAG_MS, Pace } from "../src/captions/pace.js";
import { carried, fill } from "../src/captions/rows.js";
import { ROW_COLUMNS, Screen, type Row, type ScreenOptions } from "../src/captions/screen.js";

function line(segment: number, committed: string, fields: Partial<CaptionLine> = {}): CaptionLine {
  const channel = fields.channel ?? 0;
  return {
    key: `0:${channel}:${segment}`, segment, channel, startMs: segment * 4000,
    endMs: segment * 4000 + 3500, committed, tentative: "", settled: false, language: "en", ...fields,
  };
}

function screen(options: Partial<ScreenOptions> = {}): Screen {
  return new Screen({
    rows: 2, wordsPerMinute: 0, lingerMs: 0, firmOnly: false, nameOf: () => "", ...options,
  });
}

function show(on: Screen, what: CaptionLine, nowMs = 0): string[] {
  on.apply({ kind: what.settled ? "settled" : "updated", line: what }, nowMs);
  on.tick(nowMs);
  return texts(on.rows());
}

const texts = (rows: readonly Row[]) => rows.map(({ parts }) => parts.map(({ text }) => text).join("").trim());
const words = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `word${from + i}`).join(" ");

test("words are cut where a script allows it", () => {
  const cut = (text: string, language: string) => tokens(text, language).map(({ text, spaced }) => (spaced ? "·" : "") + text);
  assert.deepEqual(cut(" one  two, three", "en"), ["·one", "·two,", "·three"]);
  assert.deepEqual(cut("Quoi ? Rien !", "fr"), ["·Quoi ?", "·Rien !"]);
  assert.deepEqual(cut("한국어 자막", "ko"), ["·한국어", "·자막"]);
  const japanese = cut("「東京」は、ちょっと遠いです。", "ja");
  assert.ok(japanese.length > 3, String(japanese));
  for (const piece of japanese) assert.doesNotMatch(piece, /^[、。」ょっー]|「$/u, String(japanese));
  assert.equal(japanese.join("").replace("·", ""), "「東京」は、ちょっと遠いです。");
  assert.ok(cut("สวัสดีครับทุกคน", "th").length > 1);
});

test("the end of each piece is its place in the text", () => {
  const text = "Quoi ? 今日は。 x";
  for (const { text: piece, end } of tokens(text, "ja")) assert.ok(text.slice(0, end).endsWith(piece), piece);
});

test("wide characters count twice, combining ones not at all", () => {
  assert.deepEqual(["abc", "今日", "한", "e\u0301", "ｱ", "🎙"].map(columns), [3, 4, 2, 1, 1, 2]);
});

test("languages are written in their direction", () => {
  assert.deepEqual(["ar", "he-IL", "en", "ur", ""].map(direction), ["rtl", "rtl", "ltr", "rtl", "auto"]);
});

test("a break stays where the words around it stay", () => {
  assert.deepEqual(carried(["a", "b", "c", "d"], ["a", "b", "c", "d", "e"], [0, 2]), [2]);
  assert.deepEqual(carried(["a", "b", "c", "d", "e"], ["a", "x", "y", "c", "d", "e"], [0, 1, 4]), [1, 5]);
  assert.deepEqual(carried(["a", "b", "c"], ["x"], [0, 2]), []);
  const list = ["aaa", "bbb", "ccc", "ddd"].map((text) => ({ text, spaced: true }));
  assert.deepEqual(fill(list, [1], (text) => text.length <= 7), [0, 1, 3]);
});

test("two rows of 37 columns scroll, and no word is lost on the way", () => {
  const on = screen();
  const seen: string[] = [];
  for (let count = 1; count <= 60; count += 1) {
    const shown = show(on, line(0, words(count)));
    assert.ok(shown.length <= 2);
    for (const text of shown) assert.ok(columns(text) <= ROW_COLUMNS, text);
    assert.ok(shown.at(-1)?.endsWith(`word${count - 1}`));
    for (const row of on.rows()) {
      const text = texts([row])[0] as string;
      const at = Number(row.id.split(".")[1]);
      // What has been a full row stays as it was.
      if (at < seen.length - 1) assert.equal(text, seen[at]);
      seen[at] = text;
    }
  }
  assert.equal(seen.join(" "), words(60));
});

test("a talk without a pause does not grow what is kept", () => {
  const on = screen();
  const startedMs = performance.now();
  let ids = "";
  for (let segment = 0; segment < 2000; segment += 1) {
    show(on, line(segment, words(12, segment), { settled: true }));
    ids = on.rows().map(({ id }) => id).join();
  }
  // One turn, thousands of rows: were they kept, this would take minutes.
  assert.match(ids, /^1\.\d{4},1\.\d{4}$/);
  assert.ok(performance.now() - startedMs < 20_000);
});

test("a correction above leaves the rows below where they were", () => {
  const on = screen({ rows: 3 });
  const said = "the quick brown fox jumped over the lazy dog and the cat looked on without a word";
  const before = show(on, line(0, said));
  const after = show(on, line(0, said.replace("brown", "big").replace("lazy", "idle"), { settled: true }));
  assert.equal(after.length, before.length);
  assert.equal(after[0], before[0]?.replace("brown", "big"));
  assert.equal(after[2], before[2]);
});

test("segments of one speaker flow on; another speaker, or a long pause, begins a row", () => {
  const on = screen({ rows: 4, nameOf: (channel) => ["Anna", "Ben"][channel] ?? "" });
  show(on, line(0, "Good morning.", { settled: true }));
  assert.deepEqual(show(on, line(1, "All here?", { settled: true })), ["Good morning. All here?"]);
  assert.deepEqual(show(on, line(2, "Yes.", { settled: true, channel: 1 })).slice(1), ["Yes."]);
  assert.deepEqual(show(on, line(9, "Then let us go.", { settled: true, channel: 1 })).slice(2), ["Then let us go."]);
  assert.deepEqual(on.rows().map(({ channel, first }) => [channel, first]), [[0, true], [1, true], [1, true]]);
});

test("where two speak at once, both are seen", () => {
  const on = screen();
  show(on, line(0, "I was about to say", { channel: 0, startMs: 0 }));
  show(on, line(1, "Sorry,", { channel: 1, startMs: 900 }));
  const shown = show(on, line(0, `I was about to say ${words(20)}`, { channel: 0, startMs: 0 }));
  assert.ok(shown[0]?.endsWith("word19"), shown[0]);
  assert.equal(shown[1], "Sorry,");
});

test("guesses are told from what stands, settled text from what is still open", () => {
  const on = screen();
  show(on, line(0, "Good morning.", { settled: true }));
  show(on, line(1, "All", { tentative: " hear" }));
  assert.deepEqual(on.rows()[0]?.parts, [
    { text: "Good morning. ", firm: true, settled: true, language: "en" },
    { text: "All ", firm: true, settled: false, language: "en" },
    { text: "hear", firm: false, settled: false, language: "en" },
  ]);
  assert.deepEqual(texts(screen({ firmOnly: true }).rows()), []);
  const firm = screen({ firmOnly: true });
  assert.deepEqual(show(firm, line(0, "All", { tentative: " hear" })), ["All"]);
});

test("a word wider than a row is cut", () => {
  const long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen";
  const shown = show(screen({ rows: 3 }), line(0, `Die ${long}`, { language: "de" }));
  assert.equal(shown.join("").replace("Die", ""), long);
  for (const text of shown) assert.ok(columns(text) <= ROW_COLUMNS);
});

test("a narrower box breaks rows anew", () => {
  const on = screen({ rows: 9 });
  show(on, line(0, "one two three four five six"));
  on.fits = (text) => text.length <= 9;
  assert.deepEqual(texts(on.rows()), ["one two", "three", "four five", "six"]);
  // For a moment there is no room at all: a window that is just being opened.
  on.fits = (text) => text.length <= 1;
  on.rows();
  on.fits = () => true;
  assert.deepEqual(texts(on.rows()), ["one two three four five six"]);
});

test("what turned out not to be speech leaves; clear leaves nothing", () => {
  const on = screen();
  show(on, line(0, "Kept.", { settled: true }));
  show(on, line(1, "hm"));
  on.apply({ kind: "removed", key: "0:0:1" }, 0);
  assert.deepEqual(texts(on.rows()), ["Kept."]);
  on.clear();
  assert.deepEqual(on.rows(), []);
});

test("words of a burst appear one after the other, none later than a second", () => {
  const on = screen({ wordsPerMinute: 180, rows: 9 });
  on.apply({ kind: "updated", line: line(0, words(12)) }, 1000);
  const shownAt: number[] = [];
  for (let now: number | undefined = 1000; now !== undefined; ) {
    on.tick(now);
    const count = texts(on.rows()).join(" ").split(" ").length;
    while (shownAt.length < count) shownAt.push(now);
    const wait = on.wait(now);
    now = wait === undefined ? undefined : now + wait;
  }
  assert.equal(shownAt[0], 1000);
  assert.ok(new Set(shownAt).size === 12, String(shownAt));
  assert.ok((shownAt[11] as number) <= 1000 + LAG_MS, String(shownAt));
  assert.equal(on.wait(9000), undefined);
});

test("speech up to 180 words a minute is not slowed down; faster speech waits for a second at most", () => {
  for (const [everyMs, mostLate] of [[340, 0], [250, LAG_MS], [150, LAG_MS], [30, LAG_MS]] as const) {
    const pace = new Pace(180);
    let [waiting, shown, late] = [0, 0, 0];
    for (let now = 0; now < 60_000; now += 10) {
      if (now % everyMs === 0) waiting += 1;
      const taken = pace.take(waiting, now);
      waiting -= taken;
      for (let i = 0; i < taken; i += 1) late = Math.max(late, now - shown++ * everyMs);
    }
    assert.ok(late <= mostLate, `${everyMs}: ${late}`);
  }
});

test("a page that slept shows what is old at once", () => {
  const pace = new Pace(180);
  assert.equal(pace.take(10, 0), 1);
  assert.equal(pace.take(9, 60_000), 9);
});

test("after a while of silence the screen is empty, and not while somebody speaks", () => {
  const on = screen({ lingerMs: 5000 });
  show(on, line(0, "Well"), 1000);
  assert.equal(on.wait(9000), undefined);
  assert.equal(on.tick(9000), false);
  show(on, line(0, "Well.", { settled: true }), 9000);
  assert.equal(on.wait(9000), 5000);
  assert.equal(on.tick(13_999), false);
  assert.equal(on.tick(14_000), true);
  assert.deepEqual(on.rows(), []);
});
