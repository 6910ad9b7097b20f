const { readFileSync } = require("node:fs");
const { OpenAI } = require("openai");
const { OpenAIRealtimeWS } = require("openai/realtime/ws");

// Its WebSockets are encrypted, whatever the address says: the server needs a certificate.
const client = new OpenAI({ baseURL: "https://localhost:8000/v1", apiKey: "ws_…" });
const rt = new OpenAIRealtimeWS({ intent: "transcription" }, client);

rt.socket.on("open", () => {
  const transcription = { model: "gpt-4o-transcribe", language: "en" };
  const session = { type: "transcription", audio: { input: { transcription } } };
  rt.send({ type: "session.update", session });
  const audio = readFileSync("speech_24k.raw").toString("base64");
  rt.send({ type: "input_audio_buffer.append", audio });
});
rt.on("conversation.item.input_audio_transcription.completed", (event) => {
  console.log(event.transcript);
  rt.close();
});
rt.on("error", (error) => console.error(error.message));
