/**
 * Plays a WAV file into a server at the pace of speech and prints what is heard; Node 20 or newer.
 *
 *   npm install wirescribe ws
 *   node examples/tap_wav.mjs talk.wav
 *   node examples/tap_wav.mjs call.wav wss://captions.example --partials
 *
 * In your own program the chunks come from wherever you tap the sound: a call, a mixer, a bot.
 */

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createTranscriber } from "wirescribe";

const CHUNK_MS = 100;
const USAGE = `usage: node tap_wav.mjs [--partials] [--language CODE] FILE.wav [URL]

Play a WAV file (16-bit PCM) into a server and print what is heard.
Each channel is a speaker. URL is ws://127.0.0.1:8000 if not given;
WIRESCRIBE_TOKEN in the environment is the key.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h" },
    language: { type: "string" },
    partials: { type: "boolean" },
  },
});
const [file, url = "ws://127.0.0.1:8000"] = positionals;
if (values.help || file === undefined) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}

try {
  await main();
} catch (error) {
  console.error(`${error.code ?? "failed"}: ${error.message}`);
  process.exit(1);
}

async function main() {
  const { audio, samples } = readWav(await readFile(file));
  const transcriber = createTranscriber({
    url,
    audio,
    partials: values.partials ?? false,
    ...(values.language === undefined ? {} : { language: values.language }),
    ...(process.env.WIRESCRIBE_TOKEN ? { token: process.env.WIRESCRIBE_TOKEN } : {}),
    // Node has a WebSocket of its own from version 22 on.
    WebSocket: globalThis.WebSocket ?? (await import("ws")).WebSocket,
  });
  transcriber.on("partial", ({ text }) => console.log(`… ${text.trim()}`));
  transcriber.on("final", ({ start_ms, channel, text }) => {
    const who = audio.channels > 1 ? `[${channel}] ` : "";
    console.log(`${(start_ms / 1000).toFixed(2).padStart(7)} s  ${who}${text.trim()}`);
  });
  transcriber.on("reconnecting", ({ code }) => console.error(`The connection is gone (${code}).`));
  await transcriber.connect();

  const size = ((audio.sample_rate * CHUNK_MS) / 1000) * audio.channels * 2;
  let due = performance.now();
  for (let at = 0; at < samples.length; at += size) {
    due += CHUNK_MS;
    await sleep(Math.max(0, due - performance.now()));
    const chunk = samples.subarray(at, at + size);
    while (!transcriber.send(chunk)) await transcriber.ready();
  }
  await transcriber.stop(); // resolves when the last word has come
}

/** The format and the samples of a RIFF file with 16-bit PCM. */
function readWav(bytes) {
  const name = (at) => bytes.toString("latin1", at, at + 4);
  if (name(0) !== "RIFF" || name(8) !== "WAVE") throw new Error(`${file} is not a WAV file`);
  let audio;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    if (name(at) === "fmt ") {
      const [tag, bits] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 22)];
      if (tag !== 1 || bits !== 16) throw new Error(`${file}: expected 16-bit PCM`);
      audio = {
        encoding: "pcm_s16le",
        channels: bytes.readUInt16LE(at + 10),
        sample_rate: bytes.readUInt32LE(at + 12),
      };
    }
    if (name(at) === "data" && audio !== undefined)
      return { audio, samples: bytes.subarray(at + 8, at + 8 + size) };
    at += 8 + size + (size % 2);
  }
  throw new Error(`${file} holds no sound`);
}
