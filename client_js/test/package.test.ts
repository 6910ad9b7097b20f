/** The package as its users get it: packed, installed in an empty folder, imported, compiled against. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

interface Packed {
  tarball: string;
  files: string[];
}

const run = promisify(execFile);
// Not bundled with this file: it finds the sources by its own place.
const scripts = String(pathToFileURL(path.resolve("scripts/package.mjs")));
const { pack } = (await import(scripts)) as { pack(folder: string): Promise<Packed> };

let folder: string;
let packed: Packed;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "wirescribe-consumer-"));
  packed = await pack(folder);
  await writeFile(path.join(folder, "package.json"), '{ "type": "module", "private": true }');
  // Without a dependency there is nothing to be fetched.
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", packed.tarball], { cwd: folder });
});

after(() => rm(folder, { recursive: true, force: true }));

test("holds what it needs and nothing else", async () => {
  const strangers = packed.files.filter((file) => !/^(dist\/.+\.(js|d\.ts)|package\.json|README\.md|LICENSE)$/.test(file));
  assert.deepEqual(strangers, []);
  assert.equal(await readFile("LICENSE", "utf8"), await readFile("../LICENSE", "utf8"));
});

test("every entry can be imported in Node, where there is no page", async () => {
  const installed = path.join(folder, "node_modules/wirescribe/package.json");
  const { exports } = JSON.parse(await readFile(installed, "utf8")) as { exports: Record<string, object | string> };
  const entries = Object.keys(exports).filter((each) => typeof exports[each] === "object");
  const names = entries.map((each) => path.posix.join("wirescribe", each));
  await writeFile(
    path.join(folder, "entries.mjs"),
    `const all = ${JSON.stringify(names)};
     for (const name of all) console.log(name, Object.keys(await import(name)).join(" "));
     console.log(import.meta.resolve("wirescribe/worklet"));`,
  );
  const { stdout } = await run(process.execPath, ["entries.mjs"], { cwd: folder });
  for (const found of [
    /^wirescribe .*\bcreateTranscriber\b/m, /^wirescribe\/capture .*\bmixed\b/m,
    /^wirescribe\/captions .*\bCaptionModel\b/m, /^wirescribe\/live-captions .*\bLiveCaptions\b/m,
    /dist\/worklet\.js$/m,
  ])
    assert.match(stdout, found);
});

const SESSION = `
import { createTranscriber, TranscriberError, type Final, type State } from "wirescribe";
const signal: AbortSignal = AbortSignal.timeout(1000);
const t = createTranscriber({ url: new URL("ws://h"), getToken: async () => "t", language: "en", signal });
const remove: () => void = t.on("final", (final: Final) => final.words.map((word) => word.start_ms));
t.once("error", (error) => { const code: string = error.code; const again: boolean = error.retryable; void [code, again]; });
t.on("state", ({ from, to }: { from: State; to: State }) => void [from, to]);
// @ts-expect-error there is no such event
t.on("finale", () => undefined);
// @ts-expect-error no audio
t.send("text");
for await (const message of t) if (message.type === "partial") { const text: string = message.committed; void text; }
export const ended: number | undefined = (await t.stop({ signal }))?.audio_ms;
export const failed = (e: unknown): e is TranscriberError => e instanceof TranscriberError && e.code === "overloaded";
remove();
`;
const PAGE = `
import { CaptionModel } from "wirescribe/captions";
import { LevelMeter, mixed, microphones, type AudioSource, type CaptureError } from "wirescribe/capture";
import { LiveCaptions } from "wirescribe/live-captions";
const source: AudioSource = await mixed({ channelNames: ["me", "them"], microphone: { deviceId: (await microphones())[0]?.deviceId } });
const meter = new LevelMeter();
source.on("chunk", ({ pcm, levels }) => { const samples: Int16Array = pcm; void samples; for (const level of levels) meter.add(level, 0); });
source.on("lost", (error: CaptureError) => { if (error.code === "device_lost") source.mute(error.channel); });
// @ts-expect-error no such code
source.on("lost", ({ code }) => code === "no_such_thing");
export const model: CaptionModel = new CaptionModel();
export const element: HTMLElement = new LiveCaptions();
`;

async function compile(name: string, options: object, sources: Record<string, string>): Promise<void> {
  const strict = {
    strict: true, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], types: [],
  };
  for (const [file, text] of Object.entries(sources)) await writeFile(path.join(folder, file), text);
  const config = { compilerOptions: { ...strict, ...options }, files: Object.keys(sources) };
  await writeFile(path.join(folder, `${name}.json`), JSON.stringify(config));
  const tsc = path.resolve("node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", `${name}.json`], { cwd: folder }).catch((error: { stdout: string }) =>
    assert.fail(error.stdout),
  );
}

test("the types hold for a strict application with a bundler", () =>
  compile("bundler", { module: "esnext", moduleResolution: "bundler" }, { "session.ts": SESSION, "page.ts": PAGE }));

test("the types hold for strict modules of Node", () =>
  compile("node16", { module: "node16", moduleResolution: "node16" }, { "session.ts": SESSION, "page.ts": PAGE }));

test("the client's types need no browser", () =>
  compile(
    "server",
    { module: "node16", lib: ["es2022"], typeRoots: [path.resolve("node_modules/@types")], types: ["node"] },
    { "session.ts": SESSION },
  ));
