import assert from "node:assert/strict";
import { test } from "node:test";
import type { TranscriberError } from "../src/errors.js";
import { createTranscriber, type Transcriber } from "../src/transcriber.js";
import { WebSocket, withServer, type Connection, type ScriptedServer } from "./server.js";

const quick = { baseMs: 5, maxMs: 20, attempts: 4 };
const MS = 32;

function make(server: ScriptedServer, options: object = {}): Transcriber {
  return createTranscriber({ url: server.url, WebSocket, reconnect: quick, ...options });
}

function final(segment: number, startMs: number, endMs: number) {
  return {
    segment, channel: 0, start_ms: startMs, end_ms: endMs, text: `segment ${segment}`, words: [],
    confidence: 1, language: "en", language_confidence: 1, reason: "silence",
  };
}

/** `ms` milliseconds of audio in which each millisecond can be told from the others. */
function sound(fromMs: number, ms: number): Uint8Array {
  const samples = new Int16Array(ms * 16);
  for (let i = 0; i < samples.length; i += 1) samples[i] = fromMs + Math.floor(i / 16);
  return new Uint8Array(samples.buffer);
}

/** Which millisecond of the stream a received byte position belongs to. */
function msAt(audio: Buffer, byte: number): number {
  return audio.readInt16LE(byte);
}

const stay = async (c: Connection) => {
  c.started();
  await c.end();
};

test("audio after the last final is sent again; time and numbers go on", async () => {
  const first = async (c: Connection) => {
    c.started();
    await c.until((now) => now.audio.length === 3000 * MS);
    c.say("final", final(0, 100, 900));
    c.say("final", final(1, 1000, 1900));
    c.say("ack", { received_ms: 3000, decoded_ms: 2100 });
    c.say("partial", { segment: 2, revision: 1, channel: 0, start_ms: 2200, end_ms: 2900, text: "x" });
    await new Promise((resolve) => setTimeout(resolve, 30));
    c.socket.terminate();
  };
  const second = async (c: Connection) => {
    c.started();
    await c.message("end");
    c.say("final", final(0, 400, 900));
    c.say("ended", { audio_ms: 0, segments: 1, words: 2 });
  };
  await withServer([first, second], async (server) => {
    const t = make(server);
    const finals: [number, number][] = [];
    const lost: number[] = [];
    t.on("final", ({ segment, start_ms }) => finals.push([segment, start_ms]));
    t.on("reconnected", ({ lost_ms }) => lost.push(lost_ms));
    await t.connect();
    const reconnected = new Promise<void>((resolve) => t.once("reconnected", () => resolve()));
    for (let at = 0; at < 3000; at += 40) t.send(sound(at, 40));
    await reconnected;
    t.send(sound(3000, 40));
    await t.stop();
    const audio = server.connections[1]?.audio ?? Buffer.alloc(0);
    const from = msAt(audio, 0);
    // The open segment began at 2200; some pre-roll before it, and not much more.
    assert.ok(from <= 2200 && from >= 1700, `replayed from ${from}`);
    assert.equal(msAt(audio, audio.length - 2), 3039);
    assert.equal(audio.length, (3040 - from) * MS);
    assert.deepEqual(lost, [0]);
    // Number 2 was shown and taken back: what is told again is another segment.
    assert.deepEqual(finals, [[0, 100], [1, 1000], [3, from + 400]]);
  });
});

test("a new connection asks for what was configured last, not for the language before it too", async () => {
  const first = async (c: Connection) => {
    c.started();
    await c.message("configure");
    c.socket.terminate();
  };
  await withServer([first, stay], async (server) => {
    const t = make(server, { language: "de", prompt: "p" });
    await t.connect();
    const reconnected = new Promise<void>((resolve) => t.once("reconnected", () => resolve()));
    t.configure({ languages: ["de", "en"] });
    await reconnected;
    await t.stop();
    const { language, languages, prompt } = server.connections[1]?.messages[0] ?? {};
    assert.deepEqual([language, languages, prompt], [undefined, ["de", "en"], "p"]);
  });
});

test("what was lost while the connection was gone is counted", async () => {
  const first = (c: Connection) => {
    c.started();
    c.socket.terminate();
  };
  await withServer([first, stay], async (server) => {
    const t = make(server, { bufferMs: 1000, overflow: "drop_oldest", reconnect: { ...quick, baseMs: 100, maxMs: 100 } });
    await t.connect();
    await new Promise<void>((resolve) => t.once("reconnecting", () => resolve()));
    const reconnected = new Promise<number>((resolve) =>
      t.once("reconnected", ({ lost_ms }) => resolve(lost_ms)),
    );
    for (let at = 0; at < 1600; at += 40) t.send(sound(at, 40));
    assert.equal(await reconnected, 600);
    await t.stop();
    const audio = server.connections[1]?.audio ?? Buffer.alloc(0);
    assert.equal(msAt(audio, 0), 600);
    assert.equal(audio.length, 1000 * MS);
  });
});

test("odd chunks never shift the samples of a replay", async () => {
  const first = async (c: Connection) => {
    c.started();
    await c.until((now) => now.audio.length >= 2000 * MS - 2);
    c.say("final", final(0, 0, 1234));
    await new Promise((resolve) => setTimeout(resolve, 20));
    c.socket.terminate();
  };
  await withServer([first, stay], async (server) => {
    const t = make(server);
    await t.connect();
    const reconnected = new Promise<void>((resolve) => t.once("reconnected", () => resolve()));
    const whole = sound(0, 2000);
    for (let at = 0; at < whole.length; at += 777) t.send(whole.subarray(at, at + 777));
    await reconnected;
    await t.stop();
    const audio = server.connections[1]?.audio ?? Buffer.alloc(0);
    assert.ok(audio.length > 700 * MS);
    assert.deepEqual(audio, Buffer.from(whole.subarray(whole.length - audio.length)));
  });
});

test("a connection lost while stopping is made good: the last words still come", async () => {
  const first = async (c: Connection) => {
    c.started();
    await c.message("end");
    c.socket.terminate();
  };
  const second = async (c: Connection) => {
    c.started();
    await c.message("end");
    c.say("final", final(0, 0, 400));
    c.say("ended", { audio_ms: 480, segments: 1, words: 2 });
  };
  await withServer([first, second], async (server) => {
    const t = make(server);
    const texts: string[] = [];
    t.on("final", ({ text }) => texts.push(text));
    await t.connect();
    t.send(sound(0, 480));
    await t.stop();
    assert.deepEqual(texts, ["segment 0"]);
    assert.equal(server.connections[1]?.audio.length, 480 * MS);
  });
});

test("what can't get better is not tried again", async () => {
  const script = async (c: Connection) => {
    c.started();
    c.say("error", { code: "idle", message: "no audio", retryable: false });
    c.socket.close(4408);
  };
  await withServer([script], async (server) => {
    const t = make(server);
    const failed = new Promise<TranscriberError>((resolve) => t.on("error", resolve));
    t.on("reconnecting", () => assert.fail("tried again"));
    await t.connect();
    assert.equal((await failed).closeCode, 4408);
    assert.equal(t.state, "closed");
  });
});

test("an end that nobody asked for is not taken for ours", async () => {
  const first = (c: Connection) => {
    c.started();
    c.say("ended", { audio_ms: 0, segments: 0, words: 0 });
    c.socket.close(1012);
  };
  await withServer([first, stay], async (server) => {
    const t = make(server);
    await t.connect();
    await new Promise<void>((resolve) => t.once("reconnected", () => resolve()));
    await t.stop();
  });
});

test("gives up after the last try, saying why", async () => {
  await withServer([(c) => c.started(), (c) => c.socket.close(1013)], async (server) => {
    const t = make(server);
    const attempts: number[] = [];
    const failed = new Promise<TranscriberError>((resolve) => t.on("error", resolve));
    t.on("reconnecting", ({ attempt }) => attempts.push(attempt));
    await t.connect();
    server.connections[0]?.socket.terminate();
    assert.equal((await failed).code, "overloaded");
    assert.deepEqual(attempts, [1, 2, 3, 4]);
  });
});

test("without reconnect the first loss is the end", async () => {
  await withServer([(c) => c.started()], async (server) => {
    const t = make(server, { reconnect: false });
    const failed = new Promise<TranscriberError>((resolve) => t.on("error", resolve));
    await t.connect();
    server.connections[0]?.socket.terminate();
    assert.equal((await failed).code, "connection_lost");
  });
});

test("a server that acknowledged and falls silent under audio is left", async () => {
  const first = async (c: Connection) => {
    c.started();
    await c.until((now) => now.audio.length > 0);
    c.say("ack", { received_ms: 40, decoded_ms: 0 });
  };
  await withServer([first, stay], async (server) => {
    const t = make(server, { silenceTimeoutMs: 60 });
    const lost = new Promise<string>((resolve) =>
      t.once("reconnecting", ({ error }) => resolve(error.code)),
    );
    await t.connect();
    t.send(sound(0, 40));
    await new Promise<void>((resolve) => t.once("ack", () => resolve()));
    t.send(sound(40, 40));
    assert.equal(await lost, "connection_lost");
    await t.stop();
  });
});
