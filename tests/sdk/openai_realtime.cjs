// OpenAI's own package, live: node openai_realtime.cjs BASE_URL RECORDING [PACE_MS]
// RECORDING is 24 kHz, 16 bits, one channel; 100 ms of it go out every PACE_MS. Prints each event
// as a line of JSON, up to the first transcript. The address must be of https: the package's
// WebSockets are encrypted, whatever the address says (its authority: NODE_EXTRA_CA_CERTS).
const { readFileSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const { OpenAI } = require("openai");
const { OpenAIRealtimeWS } = require("openai/realtime/ws");

const BYTES = (24000 * 2) / 10;

async function main(baseURL, recording, paceMs) {
  const client = new OpenAI({ baseURL });
  const rt = new OpenAIRealtimeWS({ intent: "transcription" }, client);
  rt.on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
  rt.on("event", (event) => console.log(JSON.stringify(event)));
  rt.on("conversation.item.input_audio_transcription.completed", () => rt.close());
  rt.socket.on("open", () =>
    rt.send({
      type: "session.update",
      session: {
        type: "transcription",
        audio: {
          input: {
            format: { type: "audio/pcm", rate: 24000 },
            transcription: { model: "gpt-4o-transcribe", language: "en" },
            turn_detection: { type: "server_vad", silence_duration_ms: 500 },
          },
        },
      },
    }),
  );
  rt.on("session.updated", async () => {
    const audio = readFileSync(recording);
    for (let at = 0; at < audio.length && rt.socket.readyState === 1; at += BYTES) {
      const piece = audio.subarray(at, at + BYTES).toString("base64");
      rt.send({ type: "input_audio_buffer.append", audio: piece });
      if (paceMs > 0) await sleep(paceMs);
    }
  });
}

main(process.argv[2], process.argv[3], Number(process.argv[4] ?? 0));
