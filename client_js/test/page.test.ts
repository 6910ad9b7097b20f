/** What the page says: the pure parts of it. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { explain, PageError, wantsKey, type Surroundings } from "../page/failures.js";
import { readHotwords } from "../page/hotwords.js";
import { languageChoices, languageCodes } from "../page/languages.js";
import { Latency } from "../page/latency.js";
import { messages, preferredLocale, type FailureKind, type Locale } from "../page/messages/index.js";
import { readPreferences } from "../page/preferences.js";
import { readinessOf } from "../page/readiness.js";
import { Say } from "../page/say.js";
import { Search } from "../page/search.js";
import { SseReader } from "../page/sse.js";
import { atRest, describe, noticeOf, type Facts } from "../page/status.js";
import { refusal } from "../page/upload.js";
import { CaptureError, type CaptureCode } from "../src/capture.js";
import { TranscriberError } from "../src/errors.js";

const locales = Object.keys(messages) as Locale[];
const english = new Say("en");
const around: Surroundings = { origin: "http://10.0.0.5:8123", offline: false, chosenDevice: false };
const facts = (given: Partial<Facts>): Facts => ({
  ...atRest, phase: "live", source: "microphone", summary: undefined, ...given,
});
const status = (given: Partial<Facts>, say = english) => describe(facts(given), say);

test("each phase has its words", () => {
  const headline = (given: Partial<Facts>) => status(given).headline;
  assert.equal(headline({ phase: "idle" }), "Ready");
  assert.equal(headline({ phase: "asking" }), "Allow the microphone");
  assert.equal(headline({ phase: "asking", source: "tab" }), "Choose a tab");
  assert.equal(headline({ phase: "connecting" }), "Connecting …");
  assert.equal(headline({}), "Listening");
  assert.equal(headline({ speaking: true }), "Hearing speech");
  assert.equal(headline({ quietMs: 6000 }), "No sound from the microphone");
  assert.equal(headline({ quietMs: 6000, source: "tab" }), "No sound from the tab");
  assert.equal(headline({ phase: "reconnecting", offline: true }), "You are offline");
  assert.equal(headline({ phase: "paused" }), "Paused");
  assert.equal(headline({ phase: "stopping" }), "Finishing …");
  assert.equal(headline({ phase: "file_heard" }), "Writing it down");
});

test("figures stand in the hints", () => {
  const hint = (given: Partial<Facts>) => status(given).hint;
  assert.match(hint({ phase: "reconnecting", retryInMs: 2300 }), /in 3 sec/);
  assert.match(hint({ phase: "reconnecting", goneMs: 1000 }), /words are kept/);
  assert.match(hint({ phase: "reconnecting", goneMs: 60_000 }), /may be lost/);
  assert.match(hint({ phase: "queued", queuePosition: 4 }), /number 4 in line\./);
  assert.match(hint({ phase: "queued", queuePosition: 4, queueEtaMs: 95_000 }), /about 1 min 35 sec to go/);
  const summary = { words: 1, elapsedMs: 61_000, ofFile: false };
  assert.equal(hint({ phase: "idle", summary }), "1 word in 1 min 1 sec.");
  assert.equal(hint({ warning: { code: "limit_near", ms: 9100 } }), "This session ends in 10 sec.");
  assert.equal(hint({ latencyMs: 900 }), "");
  assert.match(hint({ latencyMs: 4100 }), /about 5 sec late/);
  assert.equal(hint({ phase: "uploading", file: { name: "talk.mp3", share: 0.426 } }), "42% of talk.mp3");
  assert.equal(hint({ phase: "file_heard", file: { name: "talk.mp3", share: undefined } }), "talk.mp3");
});

test("a server that would not take a session at once says so before anybody presses Start", () => {
  const words = ([code, word]: [number, string]) => {
    const { headline, hint } = status({ phase: "idle", readiness: readinessOf(code, word) });
    return hint === "" ? headline : hint;
  };
  assert.equal(words([200, "ready\n"]), "Ready");
  assert.match(words([503, "full\n"]), /full at the moment/);
  assert.match(words([503, "loading\n"]), /loading its model/);
  assert.match(words([503, "draining\n"]), /about to restart/);
  assert.match(words([503, "degraded\n"]), /trouble with its model/);
  assert.equal(words([404, "full"]), "Ready");
});

test("speech and pauses are not announced to a screen reader", () => {
  assert.equal(status({ speaking: true }).announcement, status({}).announcement);
});

test("warnings of the server that concern the reader are told", () => {
  for (const code of ["slow_partials", "draining", "clipping", "no_audio"])
    assert.deepEqual(noticeOf(code, {}), { code });
  assert.deepEqual(noticeOf("limit_near", { remaining_ms: 9100 }), { code: "limit_near", ms: 9100 });
  assert.equal(noticeOf("suppressed", {}), undefined);
});

const captureCodes: CaptureCode[] = [
  "insecure_origin", "unsupported", "permission_denied", "cancelled", "no_device", "device_busy",
  "no_tab_audio", "worklet_failed", "device_lost", "needs_gesture", "tab_audio_unsupported",
];

test("every failure of capture has a title and says what to do", () => {
  const titles = captureCodes.map((code) => {
    const { title, advice } = explain(new CaptureError(code, "detail"), around, english);
    assert.ok(advice.length > 0 && advice.every((line) => line !== ""), code);
    return title;
  });
  assert.equal(new Set(titles).size, captureCodes.length);
  const gone = explain(new CaptureError("no_device", ""), { ...around, chosenDevice: true }, english);
  assert.match(gone.advice.join(" "), /choose another one/);
});

test("the advice for an insecure address names the port in use", () => {
  const { advice } = explain(new CaptureError("insecure_origin", ""), around, english);
  assert.match(advice.join(" "), /http:\/\/127\.0\.0\.1:8123/);
});

const failed = (closeCode: number, code: string, fields: object = {}) =>
  new TranscriberError({ code, message: "because of x", retryable: false, closeCode, ...fields });
const refused = (closeCode: number, code: string, fields: object = {}) =>
  explain(failed(closeCode, code, fields), around, english);

test("refusals of the server are explained, with its own words where they help", () => {
  const full = refused(1013, "overloaded", { retryAfterMs: 7000 });
  assert.equal(full.title, "The server is full");
  assert.match(full.advice.join(" "), /in 7 sec\./);
  assert.equal(refused(1012, "restarting").title, "The server is restarting");
  for (const close of [4400, 4401, 4403, 4415, 4422, 4429])
    assert.match(refused(close, "anything").advice.join(" "), /The server says: because of x/, String(close));
  assert.equal(refused(4440, "session_too_long").title, "The session reached its longest time");
  assert.match(refused(4429, "quota_exceeded", { retryAfterMs: 600_000 }).advice.join(" "), /in 10 min\./);
});

test("whoever is offline is told that, not that the server is gone", () => {
  const kind = (offline: boolean) => explain(failed(1006, "connection_lost"), { ...around, offline }, english).kind;
  assert.deepEqual([kind(false), kind(true)], ["unreachable", "offline"]);
});

test("every error the server is known to close with has words of its own", () => {
  const codes = [
    "overloaded", "restarting", "internal", "engine_fault", "model_unavailable", "idle_timeout", "taken_over",
    "unsupported_audio", "session_too_long", "client_too_slow",
  ];
  for (const code of codes) assert.ok(!["refused", "interrupted"].includes(refused(0, code).kind), code);
});

test("what speaks against a recording is told apart", () => {
  const kind = (status: number, code = "") => refusal(status, { error: { code, message: "m" } }).kind;
  const expected: [number, string, FailureKind][] = [
    [400, "bad_media", "not_media"], [413, "message_too_big", "too_big"], [413, "session_too_long", "too_big"],
    [401, "invalid_api_key", "wants_key"], [404, "", "no_recordings"], [429, "rate_limit_exceeded", "quota"],
    [503, "restarting", "restarting"], [503, "overloaded", "overloaded"], [507, "storage_full", "storage_full"],
    [500, "", "internal"], [502, "", "unreachable"], [400, "invalid_value", "refused"],
  ];
  for (const [status, code, wanted] of expected) assert.equal(kind(status, code), wanted, `${status} ${code}`);
  assert.equal(refusal(413, {}).kind, "too_big");
});

test("a key is asked for where another one would help", () => {
  const asked = (closeCode: number) => wantsKey(failed(closeCode, "x"));
  assert.deepEqual([4401, 4403, 4429].map(asked), [true, false, false]);
  assert.equal(wantsKey(new PageError("wants_key")), true);
  assert.equal(wantsKey(new Error("boom")), false);
});

test("the unexpected is owned up to", () => {
  assert.match(explain(new Error("boom"), around, english).advice.join(" "), /boom/);
});

test("every language has words for everything, and they differ", () => {
  const kinds = Object.keys(messages.en.failures) as FailureKind[];
  const given = { port: "1", said: "said", later: "later", detail: "detail" };
  for (const locale of locales) {
    const table = messages[locale];
    for (const kind of kinds) {
      const lines = table.failures[kind](given);
      assert.ok(lines.length >= 2 && lines.every((line) => line !== ""), `${locale} ${kind}`);
    }
    const empty = Object.entries({ ...table.page, ...table.words, ...table.status, ...table.warnings })
      .filter(([, words]) => (typeof words === "function" ? Reflect.apply(words, undefined, ["1", "2", "3"]) : words) === "");
    assert.deepEqual(empty, [], locale);
  }
  const titles = locales.map((locale) => messages[locale].failures.overloaded(given)[0]);
  assert.equal(new Set(titles).size, locales.length);
});

test("figures are written as each language writes them", () => {
  const words = (locale: Locale) => {
    const say = new Say(locale);
    return [say.number(12_345), say.figure(1234), say.time(75_000), say.time(120_000), say.time(7_260_000)];
  };
  assert.deepEqual(words("en"), ["12,345", "1.2s", "1 min 15 sec", "2 min", "2 hr 1 min"]);
  assert.deepEqual([0, 2].map((i) => words("de")[i]), ["12.345", "1 Min. 15 Sek."]);
  assert.match(words("de")[1] ?? "", /^1,2\s/);
  assert.equal(words("zh")[2], "1分钟 15秒");
  assert.equal(english.percent(0.999), "99%");
});

test("the page's language is the first of the browser's that there is", () => {
  assert.equal(preferredLocale(["fr-CA", "zh-TW", "de"]), "zh");
  assert.equal(preferredLocale(["de-AT", "en"]), "de");
  assert.equal(preferredLocale(["toString", "fr"]), "en");
});

test("each text of the page's HTML has its place in the table, in the same words", async () => {
  const html = await readFile(path.join(process.cwd(), "page/index.html"), "utf8");
  const page: Readonly<Record<string, string>> = messages.en.page;
  const used = new Set<string>();
  for (const [, key = "", text = ""] of html.matchAll(/data-say="(\w+)"[^>]*>([^<]*)</g)) {
    assert.equal(text, page[key], key);
    used.add(key);
  }
  for (const [tag, key = ""] of html.matchAll(/<[^>]*data-(?:label|hint)="(\w+)"[^>]*>/g)) {
    assert.ok(tag.includes(`="${page[key]}"`), `${key} in ${tag}`);
    used.add(key);
  }
  assert.deepEqual(Object.keys(page).filter((key) => !used.has(key)), []);
  assert.equal(/ style=|<style|<script(?![^>]* src=)| on\w+=/.test(html), false, "nothing inline");
  assert.equal(/(?:src|href)="(?:https?:)?\/\//.test(html), false, "nothing from elsewhere");
});

test("hot words: separated by what people separate words with, once each, within the bounds", () => {
  assert.deepEqual(readHotwords(" Erfurt, ICE 4;\nErfurt ，维尔、  "), ["Erfurt", "ICE 4", "维尔"]);
  assert.deepEqual(readHotwords(""), []);
  assert.equal(readHotwords(Array.from({ length: 200 }, (_, i) => `w${i}`).join(",")).length, 100);
  assert.equal([...(readHotwords("😀".repeat(80))[0] ?? "")].length, 64);
});

test("what is found does not hang on case, accents or width", () => {
  const lines = [
    { key: "a", text: "The Café, the cafe and the CAFÉ." },
    { key: "b", text: "Ａｂｃ ﬁnd 😀 me" },
    { key: "c", text: "那我们先看第一页的结果。" },
  ];
  const search = new Search();
  const found = (query: string) =>
    search.find(lines, query).map(({ key, start, end }) => (lines.find((l) => l.key === key)?.text ?? "").slice(start, end));
  assert.deepEqual(found("cafe"), ["Café", "cafe", "CAFÉ"]);
  assert.deepEqual(found("abc"), ["Ａｂｃ"]);
  assert.deepEqual(found("find"), ["ﬁnd"]);
  assert.deepEqual(found(" 😀  ME "), ["😀 me"]);
  assert.deepEqual(found("第一页"), ["第一页"]);
  assert.deepEqual(found("  "), []);
  assert.deepEqual(search.find([{ key: "a", text: "Now it is other text." }], "cafe"), []);
});

test("server-sent events, however they are cut", () => {
  const text = 'data: {"a":1}\n\ndata: two\r\ndata:lines\r\n\r\n: a comment\nevent: x\n\ndata: cut';
  for (let step = 1; step < 12; step += 1) {
    const reader = new SseReader();
    const events: string[] = [];
    for (let end = step; end < text.length + step; end += step) events.push(...reader.take(text.slice(0, end)));
    assert.deepEqual(events, ['{"a":1}', "two\nlines"]);
  }
});

test("stored preferences that make no sense are as if there were none", () => {
  const fresh = readPreferences({}, ["auto"]);
  for (const stored of [undefined, null, 7, "x", [], { language: 3, textSize: 99, source: "nose", locale: "__proto__" }])
    assert.deepEqual(readPreferences(stored, ["auto"]), fresh);
  const kept = { ...fresh, language: "de", textSize: 4, source: "both", locale: "zh", hotwords: "ICE" };
  assert.deepEqual(readPreferences(kept, ["auto", "de"]), kept);
});

test("there are Whisper's 99 languages, each with a name", () => {
  assert.equal(languageCodes.length, 99);
  assert.equal(new Set(languageCodes).size, 99);
  const { all } = languageChoices("en", []);
  const unnamed = all.filter(({ code, name }) => name.toLowerCase() === code);
  assert.deepEqual(unnamed, []);
  const name = (code: string) => all.find((choice) => choice.code === code)?.name;
  assert.deepEqual(["de", "jw", "haw", "yi"].map(name), ["German", "Javanese", "Hawaiian", "Yiddish"]);
});

test("the browser's own languages come first, once each, if Whisper knows them", () => {
  const { preferred } = languageChoices("en", ["de-AT", "de", "tlh", "nb-NO", "en-US"]);
  assert.deepEqual(preferred.map(({ code }) => code), ["de", "no", "en"]);
});

test("the delay is that of a typical word, not of the luckiest", () => {
  const latency = new Latency();
  latency.shown(0, 1000, 1200);
  assert.equal(latency.typicalMs, undefined, "how long its words had waited is not known yet");
  latency.shown(0, 1600, 1800);
  assert.equal(latency.typicalMs, 500);
  latency.shown(1, 5000, 9000);
  assert.equal(latency.typicalMs, 500, "a new segment starts anew");
  for (let end = 5500; end < 12_000; end += 500) latency.shown(1, end, end + 300);
  assert.equal(latency.typicalMs, 550);
  latency.shown(1, 12_500, 60_000);
  assert.equal(latency.typicalMs, 550, "one slow answer changes nothing");
  latency.clear();
  assert.equal(latency.typicalMs, undefined);
});
