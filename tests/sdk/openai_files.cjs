// OpenAI's own package, with a recording: node openai_files.cjs BASE_URL RECORDING
// Prints three lines of JSON: the text, what a stream of events held, and times in detail.
const { createReadStream } = require("node:fs");
const { OpenAI } = require("openai");

async function main(baseURL, recording) {
  const client = new OpenAI({ baseURL });
  const asked = (more) => ({ file: createReadStream(recording), model: "whisper-1", ...more });
  const { transcriptions } = client.audio;
  console.log(JSON.stringify(await transcriptions.create(asked({}))));
  const events = [];
  for await (const event of await transcriptions.create(asked({ stream: true }))) {
    events.push(event);
  }
  console.log(JSON.stringify(events));
  const detailed = { response_format: "verbose_json", timestamp_granularities: ["word"] };
  console.log(JSON.stringify(await transcriptions.create(asked(detailed))));
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error.status, error.message);
  process.exit(1);
});
