const { createReadStream } = require("node:fs");
const { OpenAI } = require("openai");

const client = new OpenAI({ baseURL: "http://127.0.0.1:8000/v1", apiKey: "ws_…" });
const file = createReadStream("speech.wav");
client.audio.transcriptions
  .create({ model: "whisper-1", file })
  .then((transcription) => console.log(transcription.text));
