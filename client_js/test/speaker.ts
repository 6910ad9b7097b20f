/** Streams a file of 16-bit mono sound at 16 kHz, and prints each message; for tests with a real server. */

import { readFileSync } from "node:fs";
import { createTranscriber } from "../src/index.js";
import { WebSocket } from "./server.js";

const CHUNK_BYTES = 3200;
const PACE_MS = 20;

const [url = "", file = ""] = process.argv.slice(2);
const sound = readFileSync(file);
const transcriber = createTranscriber({
  url,
  WebSocket,
  language: "en",
  reconnect: { baseMs: 10, maxMs: 100, attempts: 40 },
});
transcriber.on("message", (message) => console.log(JSON.stringify(message)));
await transcriber.connect();
for (let at = 0; at < sound.length; at += CHUNK_BYTES) {
  while (!transcriber.send(sound.subarray(at, at + CHUNK_BYTES))) await transcriber.ready();
  await new Promise((resolve) => setTimeout(resolve, PACE_MS));
}
await transcriber.stop();
