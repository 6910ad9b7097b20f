/** What the page says: the pure parts of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, wantsKey } from "../page/failures.js";
import { languageChoices, languageCodes } from "../page/languages.js";
import { Latency } from "../page/latency.js";
import { describe, warningWords, type Facts } from "../page/status.js";
import { CaptureError, type CaptureCode } from "../src/capture.js";
import { TranscriberError } from "../src/errors.js";

const facts = (given: Partial<Facts>): Facts => ({
  phase: "live", source: "microphone", speaking: false, quietMs: 0, queuePosition: 0, retryInMs: 0, goneMs: 0,
  offline: false, warning: "", summary: undefined, ...given,
});

test("each phase has its words", () => {
  const headline = (given: Partial<Facts>) => describe(facts(given)).headline;
  assert.equal(headline({ phase: "idle" }), "Ready");
  assert.equal(headline({ phase: "asking" }), "Allow the microphone");
  assert.equal(headline({ phase: "asking", source: "tab" }), "Choose a tab");
  assert.equal(headline({ phase: "connecting" }), "Connecting …");
  assert.equal(headline({}), "Listening");
  assert.equal(headline({ speaking: true }), "Hearing speech");
  assert.equal(headline({ quietMs: 6000 }), "No sound from the microphone");
  assert.equal(headline({ quietMs: 6000, source: "tab" }), "No sound from the tab");
  assert.equal(headline({ phase: "reconnecting", offline: true }), "You are offline");
  assert.equal(headline({ phase: "stopping" }), "Finishing …");
});

test("figures stand in the hints", () => {
  const hint = (given: Partial<Facts>) => describe(facts(given)).hint;
  assert.match(hint({ phase: "reconnecting", retryInMs: 2300 }), /in 3 s/);
  assert.match(hint({ phase: "reconnecting", goneMs: 1000 }), /words are kept/);
  assert.match(hint({ phase: "reconnecting", goneMs: 60_000 }), /may be lost/);
  assert.match(hint({ phase: "queued", queuePosition: 4 }), /number 4 in line/);
  assert.equal(hint({ phase: "idle", summary: { words: 1, elapsedMs: 61_000 } }), "1 word in 1 min 1 s.");
  assert.equal(hint({ warning: "The server is busy." }), "The server is busy.");
});

test("speech and pauses are not announced to a screen reader", () => {
  const listening = describe(facts({})).announcement;
  assert.equal(describe(facts({ speaking: true })).announcement, listening);
});

test("warnings of the server become sentences, or nothing", () => {
  for (const code of ["slow_partials", "draining", "clipping", "no_audio", "limit_near"])
    assert.match(warningWords(code, {}), /^[A-Z].*\.$/, code);
  assert.match(warningWords("limit_near", { deadline_ms: 9100 }), /10 s/);
  assert.equal(warningWords("suppressed", {}), "");
});

test("every failure of capture has a title and says what to do", () => {
  const codes: CaptureCode[] = [
    "insecure_origin", "unsupported", "permission_denied", "cancelled", "no_device", "device_busy",
    "no_tab_audio", "worklet_failed", "device_lost",
  ];
  const titles = codes.map((code) => {
    const { title, advice } = explain(new CaptureError(code, "detail"), "http://10.0.0.5:8123");
    assert.ok(advice.length > 0 && advice.every((line) => line !== ""), code);
    return title;
  });
  assert.equal(new Set(titles).size, codes.length);
});

test("the advice for an insecure address names the port in use", () => {
  const { advice } = explain(new CaptureError("insecure_origin", ""), "http://10.0.0.5:8123");
  assert.match(advice.join(" "), /http:\/\/127\.0\.0\.1:8123/);
});

const refused = (closeCode: number, code: string, fields: object = {}) =>
  explain(new TranscriberError({ code, message: "because of x", retryable: false, closeCode, ...fields }), "http://h");

test("refusals of the server are explained, with its own words where they help", () => {
  const full = refused(1013, "overloaded", { retryAfterMs: 7000 });
  assert.equal(full.title, "The server is full");
  assert.match(full.advice.join(" "), /in 7 s/);
  assert.equal(refused(1012, "restarting").title, "The server is restarting");
  for (const close of [4400, 4401, 4403, 4415, 4422, 4429])
    assert.match(refused(close, "anything").advice.join(" "), /The server says: because of x/, String(close));
  assert.equal(refused(4440, "session_too_long").title, "The session reached its longest time");
});

test("a key is asked for where another one would help", () => {
  const failed = (closeCode: number) =>
    wantsKey(new TranscriberError({ code: "x", message: "", retryable: false, closeCode }));
  assert.deepEqual([4401, 4403, 4429].map(failed), [true, false, false]);
  assert.equal(wantsKey(new Error("boom")), false);
});

test("the unexpected is owned up to", () => {
  assert.match(explain(new Error("boom"), "http://h").advice.join(" "), /boom/);
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
