/**
 * What a reader gets of a recording: `node scripts/readability.mjs FILE.wav [ws://127.0.0.1:8000]`
 *
 * Streams the file (16-bit mono) to a running server as it would be spoken, notes when each event came,
 * and plays those to the rows of `<live-captions>` by a clock of its own. Prints, as Markdown: the
 * events, what stood on the screen at the same moments, and figures to be held against BBC practice.
 */

import { build } from "esbuild";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import WebSocket from "ws";
import { inlineWorklet, root } from "./bundle.mjs";

const CHUNK_MS = 40;
/** At least so long on the screen for each word of a row. */
const WORD_MS = 300;

async function sources() {
  const folder = path.join(root, "node_modules", ".readability");
  await mkdir(folder, { recursive: true });
  const entryPoints = ["src/index.ts", "src/captions/model.ts", "src/captions/screen.ts", "src/captions/breaking.ts"];
  await build({
    absWorkingDir: root, bundle: true, entryPoints, format: "esm", outdir: folder, splitting: true,
    outExtension: { ".js": ".mjs" }, platform: "node", plugins: [inlineWorklet], logLevel: "warning",
  });
  const load = (name) => import(pathToFileURL(path.join(folder, `${name}.mjs`)));
  const [index, model, screen, breaking] = await Promise.all(
    ["index", "captions/model", "captions/screen", "captions/breaking"].map(load),
  );
  return { ...index, ...model, ...screen, ...breaking };
}

function samples(wav) {
  let at = 12;
  while (wav.toString("latin1", at, at + 4) !== "data") at += 8 + wav.readUInt32LE(at + 4);
  return { rate: wav.readUInt32LE(24), pcm: wav.subarray(at + 8) };
}

/** Events with the moment of their arrival, counted from the first sample sent. */
async function listen({ createTranscriber }, url, { rate, pcm }) {
  const transcriber = createTranscriber({ url, language: "en", audio: { sample_rate: rate }, WebSocket });
  await transcriber.connect();
  const began = performance.now();
  const events = [];
  transcriber.on("message", (message) => {
    if (["partial", "final", "warning"].includes(message.type))
      events.push({ atMs: Math.round(performance.now() - began), message });
  });
  const step = 2 * Math.round((rate * CHUNK_MS) / 1000);
  for (let at = 0; at < pcm.length; at += step) {
    const due = began + (at / 2 / rate) * 1000;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    transcriber.send(pcm.subarray(at, at + step));
  }
  await transcriber.stop();
  return events;
}

const textOf = (row) => row.parts.map(({ text }) => text).join("").trim();
const counted = (text) => text.split(/\s+/u).filter(Boolean).length;
const plain = (word) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** How many words of a row are others now; those that were only added to are not. */
function replaced(before, after) {
  let [head, tail] = [0, 0];
  while (head < before.length && before[head] === after[head]) head += 1;
  while (tail < before.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return before.length - head - tail;
}

/** The screen after each change, by a clock of its own. */
function play({ CaptionModel, Screen }, events, wordsPerMinute) {
  const model = new CaptionModel();
  const screen = new Screen({ rows: 2, wordsPerMinute, lingerMs: 8000, firmOnly: false, nameOf: () => "" });
  const shown = [];
  const note = (atMs) => {
    const rows = screen.rows().map((row) => ({ id: row.id, text: textOf(row), parts: row.parts }));
    shown.push({ atMs, rows });
  };
  const endMs = (events.at(-1)?.atMs ?? 0) + 9000;
  let next = 0;
  for (let now = 0; now <= endMs; ) {
    while (events[next]?.atMs <= now) {
      const change = model.apply(events[next].message);
      if (change !== undefined) screen.apply(change, now);
      next += 1;
    }
    screen.tick(now);
    note(now);
    const wait = screen.wait(now);
    now = Math.ceil(Math.min(wait === undefined ? Infinity : now + Math.max(1, wait), events[next]?.atMs ?? endMs + 1));
  }
  return { shown, words: model.words };
}

/** Moments at which the number of words seen so far grew, one for each word. */
function moments(steps, count) {
  const at = [];
  for (const step of steps) while (at.length < count(step)) at.push(step.atMs);
  return at;
}

function figures({ columns, CaptionModel }, events, { shown, words }) {
  const model = new CaptionModel();
  const arrived = moments(events, ({ message }) => {
    model.apply(message);
    return model.lines.reduce((sum, line) => sum + counted(line.committed + line.tentative), 0);
  });
  // Rows are met in the order in which they begin, so those before the first on the screen are gone.
  const rows = new Map();
  let changed = 0;
  for (const { atMs, rows: now } of shown)
    for (const { id, text } of now) {
      const row = rows.get(id) ?? { fromMs: atMs, text: "" };
      const [before, after] = [row.text, text].map((all) => all.split(" ").map(plain));
      changed += replaced(before.filter(Boolean), after.filter(Boolean));
      rows.set(id, { ...row, untilMs: atMs, text });
    }
  const order = [...rows.keys()];
  const seen = moments(shown, ({ rows: now }) => {
    if (now.length === 0) return 0;
    const gone = order.slice(0, order.indexOf(now[0].id)).map((id) => rows.get(id));
    return [...gone, ...now].reduce((sum, { text }) => sum + counted(text), 0);
  });
  const lags = seen.map((at, i) => at - (arrived[i] ?? at)).sort((a, b) => a - b);
  const gone = [...rows.values()].slice(0, -2);
  const perWord = gone.map(({ fromMs, untilMs, text }) => (untilMs - fromMs) / counted(text)).sort((a, b) => a - b);
  const fastest = Math.max(...seen.map((from) => seen.filter((at) => at >= from && at < from + 5000).length * 12));
  return {
    "words, rows": `${words}, ${rows.size}`,
    "widest row, columns": Math.max(...[...rows.values()].map(({ text }) => columns(text))),
    "most words that appeared at once": Math.max(...seen.map((from) => seen.filter((at) => at === from).length)),
    "fastest five seconds, words a minute": fastest,
    "a row stood, for each of its words, at least": `${Math.round(perWord[0] ?? 0)} ms`,
    [`rows that stood for less than ${WORD_MS} ms a word`]: perWord.filter((ms) => ms < WORD_MS).length,
    "later than it came, median and most": `${lags[Math.floor(lags.length / 2)]}, ${lags.at(-1)} ms`,
    "words that changed while they were shown": changed,
  };
}

const seconds = (ms) => (ms / 1000).toFixed(1);
const marked = (row) => row.parts.map(({ text, firm }) => (firm ? text : `*${text.trim()}*`)).join("").trim();

function table(events, shown) {
  console.log("| s | event | the screen then |\n|---|---|---|");
  for (const { atMs, message } of events) {
    const screen = shown.findLast((step) => step.atMs <= atMs + 400)?.rows ?? [];
    const said =
      message.type === "partial"
        ? `partial: ${message.committed}${message.tentative.trim() === "" ? "" : ` *${message.tentative.trim()}*`}`
        : message.type === "final" ? `**final:** ${message.text}` : `warning ${message.code}`;
    console.log(`| ${seconds(atMs)} | ${said} | ${screen.map(marked).join("<br>")} |`);
  }
}

const [file, url = "ws://127.0.0.1:8000"] = process.argv.slice(2);
if (file === undefined) throw new Error("usage: node scripts/readability.mjs FILE.wav [ws://…]");
const ours = await sources();
const events = await listen(ours, url, samples(await readFile(file)));
const paced = play(ours, events, 180);
table(events, paced.shown);
console.log("\n| | at its pace | as it comes |\n|---|---|---|");
const [a, b] = [figures(ours, events, paced), figures(ours, events, play(ours, events, 0))];
for (const name of Object.keys(a)) console.log(`| ${name} | ${a[name]} | ${b[name]} |`);
process.exit(0);
