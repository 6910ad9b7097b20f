// Deepgram's own package: node deepgram.cjs PORT RECORDING; prints each message as a line of JSON.
const { readFileSync } = require("node:fs");
const { DeepgramClient } = require("@deepgram/sdk");

async function main(port, recording) {
  const [base, ws] = [`http://127.0.0.1:${port}`, `ws://127.0.0.1:${port}`];
  const environment = { base, production: ws, agent: ws, agentRest: base };
  const client = new DeepgramClient({ apiKey: process.env.DEEPGRAM_API_KEY, environment });
  const connection = await client.listen.v1.connect({
    model: "nova-3",
    encoding: "linear16",
    sample_rate: 16000,
  });
  connection.on("message", (message) => {
    console.log(JSON.stringify(message));
    if (message.type === "Metadata") connection.close();
  });
  connection.on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
  connection.connect();
  await connection.waitForOpen();
  connection.sendMedia(readFileSync(recording));
  connection.sendCloseStream({ type: "CloseStream" });
}

main(process.argv[2], process.argv[3]);
