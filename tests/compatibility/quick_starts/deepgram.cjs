const { readFileSync } = require("node:fs");
const { DeepgramClient } = require("@deepgram/sdk");

const [base, ws] = ["http://127.0.0.1:8000", "ws://127.0.0.1:8000"];
const environment = { base, production: ws, agent: ws, agentRest: base };
const client = new DeepgramClient({ apiKey: "ws_…", environment });

async function main() {
  const connection = await client.listen.v1.connect({
    model: "nova-3",
    encoding: "linear16",
    sample_rate: 16000,
  });
  connection.on("message", (message) => {
    if (message.type === "Results") console.log(message.channel.alternatives[0].transcript);
    if (message.type === "Metadata") connection.close();
  });
  connection.connect();
  await connection.waitForOpen();
  connection.sendMedia(readFileSync("speech.raw"));
  connection.sendCloseStream({ type: "CloseStream" });
}

main();
