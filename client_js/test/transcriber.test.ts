import assert from "node:assert/strict";
import { test } from "node:test";
import { TranscriberError } from "../src/errors.js";
import { createTranscriber } from "../src/transcriber.js";
import { WebSocket, withServer, type Connection } from "./server.js";

const failsWith = (code: string, retryable: boolean) => (error: unknown) => {
  assert.ok(error instanceof TranscriberError, String(error));
  assert.equal(error.code, code);
  assert.equal(error.retryable, retryable);
  return true;
};

const final = (segment: number, text: string, fields: object = {}) => ({
  segment, channel: 0, start_ms: segment * 1000, end_ms: segment * 1000 + 900, text,
  confidence: 0.9, language: "en", language_confidence: 1, reason: "silence", words: [], ...fields,
});

test("start comes first, with what was asked for, then the audio, unchanged", async () => {
  const script = async (c: Connection) => {
    await c.message("start");
    assert.equal(c.chunks.length, 0);
    c.started();
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({
      url: server.url, WebSocket, language: "de", task: "translate", hotwords: ["Wupper"],
    });
    const started = await t.connect();
    assert.equal(started.model, "base");
    const pcm = Int16Array.from({ length: 30_000 }, (_, i) => (i * 7919) % 32_768);
    assert.equal(t.send(pcm), true);
    assert.equal(t.send(pcm.buffer.slice(0, 10)), true);
    await t.stop();
    const [connection] = server.connections;
    assert.deepEqual(connection?.messages[0], {
      type: "start",
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1 },
      language: "de", task: "translate", hotwords: ["Wupper"],
    });
    assert.deepEqual(
      connection?.audio,
      Buffer.concat([Buffer.from(pcm.buffer), Buffer.from(pcm.buffer, 0, 10)]),
    );
  });
});

test("what is sent before the server is ready waits for it, and may be overwritten by its owner", async () => {
  const script = async (c: Connection) => {
    await c.message("start");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(c.audio.length, 0);
    c.started();
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const chunk = new Uint8Array([1, 0, 2, 0]);
    t.send(chunk);
    void t.connect();
    chunk.fill(9);
    t.send(chunk);
    await t.stop();
    assert.deepEqual([...(server.connections[0]?.audio ?? [])], [1, 0, 2, 0, 9, 9, 9, 9]);
  });
});

test("stop waits for the finals that are still to come", async () => {
  const script = async (c: Connection) => {
    c.started();
    await c.message("end");
    await new Promise((resolve) => setTimeout(resolve, 60));
    c.say("final", final(0, "at last"));
    c.say("ended", { audio_ms: 1, segments: 1, words: 2 });
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const heard: string[] = [];
    t.on("final", ({ text }) => heard.push(text));
    await t.connect();
    const [ended, again] = await Promise.all([t.stop(), t.stop()]);
    assert.equal(ended?.words, 2);
    assert.equal(again, ended);
    assert.deepEqual(heard, ["at last"]);
    assert.equal(t.state, "closed");
    assert.throws(() => t.send(new Uint8Array(2)), failsWith("not_open", false));
  });
});

test("a message that is no message disturbs nothing", async () => {
  const script = async (c: Connection) => {
    c.started();
    c.socket.send("{");
    c.socket.send(Buffer.from([1, 2, 3]));
    c.say("news_from_tomorrow", { x: 1 });
    c.say("final", final(0, "still here"));
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const seen: string[] = [];
    t.on("message", ({ type }) => seen.push(type));
    await t.connect();
    await t.stop();
    assert.deepEqual(seen, ["started", "final", "ended"]);
  });
});

test("all listeners hear, one that throws included, and off silences", async () => {
  const script = async (c: Connection) => {
    c.started();
    c.say("final", final(0, "one"));
    c.say("final", final(1, "two"));
    await c.end();
  };
  const uncaught: unknown[] = [];
  const [previous] = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error));
  try {
    await withServer([script], async (server) => {
      const t = createTranscriber({ url: server.url, WebSocket });
      const heard: string[] = [];
      t.on("final", () => {
        throw new Error("listener's own fault");
      });
      t.on("final", ({ text }) => heard.push(`on ${text}`));
      t.once("final", ({ text }) => heard.push(`once ${text}`));
      const remove = t.on("final", () => heard.push("never"));
      remove();
      await t.connect();
      await t.stop();
      assert.deepEqual(heard, ["on one", "once one", "on two"]);
    });
  } finally {
    process.removeAllListeners("uncaughtException");
    if (previous) process.on("uncaughtException", previous);
  }
  assert.equal(uncaught.length, 2);
});

test("for await reads until the end", async () => {
  const script = async (c: Connection) => {
    c.started();
    c.say("final", final(0, "a"));
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const messages = t[Symbol.asyncIterator]();
    await t.connect();
    void t.stop();
    const types: string[] = [];
    for await (const message of messages) types.push(message.type);
    assert.deepEqual(types, ["started", "final", "ended"]);
  });
});

test("for await throws what ended the session", async () => {
  const script = (c: Connection) => {
    c.started();
    c.say("error", { code: "quota", message: "used up", retryable: false });
    c.socket.close(4429);
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const messages = t[Symbol.asyncIterator]();
    await t.connect();
    await assert.rejects(async () => {
      for await (const _ of messages);
    }, failsWith("quota", false));
  });
});

test("finalize resolves with the answer that bears its number", async () => {
  const script = async (c: Connection) => {
    c.started();
    const { id } = await c.message("finalize");
    c.say("finalized", { id: "99", through_ms: 1 });
    c.say("finalized", { id, through_ms: 480 });
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    await t.connect();
    assert.equal((await t.finalize()).through_ms, 480);
    await t.stop();
  });
});

test("configure reaches the running session", async () => {
  const script = async (c: Connection) => {
    c.started();
    assert.deepEqual(await c.message("configure"), { type: "configure", language: "fr" });
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    await t.connect();
    t.configure({ language: "fr" });
    await t.stop();
  });
});

test("a token travels as a subprotocol, or in start where it can't", async () => {
  const script = async (c: Connection) => {
    c.started();
    await c.end();
  };
  await withServer([script], async (server) => {
    for (const token of ["abc.DEF-1_2", "has space="]) {
      const t = createTranscriber({ url: server.url, WebSocket, token });
      await t.connect();
      await t.stop();
    }
    const [first, second] = server.connections;
    assert.match(first?.offered ?? "", /^wirescribe\.v1, ?token\.abc\.DEF-1_2$/);
    assert.equal("token" in (first?.messages[0] ?? {}), false);
    assert.equal(second?.offered, "");
    assert.equal(second?.messages[0]?.["token"], "has space=");
  });
});

test("a token is fetched anew for each connection", async () => {
  const first = (c: Connection) => {
    c.started();
    c.socket.terminate();
  };
  const second = async (c: Connection) => {
    c.started();
    await c.end();
  };
  await withServer([first, second], async (server) => {
    let drawn = 0;
    const getToken = () => Promise.resolve(`key${(drawn += 1)}`);
    const reconnect = { baseMs: 1, maxMs: 1 };
    const t = createTranscriber({ url: server.url, WebSocket, getToken, reconnect });
    const again = new Promise<void>((resolve) => t.once("reconnected", () => resolve()));
    await t.connect();
    await again;
    await t.stop();
    assert.deepEqual(
      server.connections.map(({ offered }) => offered.replace(/^.*token\./, "")),
      ["key1", "key2"],
    );
  });
});

test("a token that can't be had, or not in time, is a failure to connect", async () => {
  const url = "ws://127.0.0.1:9";
  const none = createTranscriber({ url, WebSocket, getToken: () => Promise.reject(new Error("no")) });
  await assert.rejects(none.connect(), failsWith("token_failed", true));
  const never = () => new Promise<string>(() => undefined);
  const slow = createTranscriber({ url, WebSocket, getToken: never, connectTimeoutMs: 20 });
  await assert.rejects(slow.connect(), failsWith("connect_timeout", true));
  assert.equal(slow.state, "closed");
});

test("connect rejects with what the server said, and the number of its close", async () => {
  const script = (c: Connection) => {
    c.say("error", { code: "overloaded", message: "full", retryable: true, retry_after_ms: 5000 });
    c.socket.close(1013);
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const errors: TranscriberError[] = [];
    t.on("error", (error) => errors.push(error));
    await assert.rejects(t.connect(), (error: TranscriberError) => {
      assert.equal(error.retryAfterMs, 5000);
      assert.equal(error.closeCode, 1013);
      return failsWith("overloaded", true)(error);
    });
    assert.equal(errors.length, 1);
    assert.equal(server.connections.length, 1, "a first connection is not tried again unasked");
  });
});

test("connect rejects when nobody listens, or nobody answers", async () => {
  const nobody = createTranscriber({ url: "ws://127.0.0.1:9/v1/stream", WebSocket });
  await assert.rejects(nobody.connect(), failsWith("connection_lost", true));
  await withServer([() => undefined], async (server) => {
    const silent = createTranscriber({ url: server.url, WebSocket, connectTimeoutMs: 60 });
    await assert.rejects(silent.connect(), failsWith("connect_timeout", true));
  });
});

test("waiting in the server's queue is no failure to connect", async () => {
  const script = async (c: Connection) => {
    c.say("queued", { position: 2, eta_ms: 100 });
    await new Promise((resolve) => setTimeout(resolve, 150));
    c.started();
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket, connectTimeoutMs: 80 });
    const positions: number[] = [];
    t.on("queued", ({ position }) => positions.push(position));
    await t.connect();
    await t.stop();
    assert.deepEqual(positions, [2]);
  });
});

test("each close code has its meaning", async () => {
  const expected: [number, string, boolean][] = [
    [1011, "internal", true], [1012, "restarting", true], [1013, "overloaded", true],
    [1009, "message_too_big", false], [4400, "bad_message", false], [4401, "not_authorised", false],
    [4403, "origin_refused", false], [4408, "idle_timeout", true], [4415, "unsupported_audio", false],
    [4422, "bad_configuration", false], [4429, "quota_exceeded", true], [4440, "session_too_long", true],
    [4460, "client_too_slow", true], [4999, "closed", false],
  ];
  for (const [close, code, retryable] of expected) {
    await withServer([(c) => c.socket.close(close)], async (server) => {
      const t = createTranscriber({ url: server.url, WebSocket });
      await assert.rejects(t.connect(), failsWith(code, retryable));
    });
  }
});

test("stop gives up on a server that never ends", async () => {
  await withServer([(c) => c.started()], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket, stopTimeoutMs: 50 });
    await t.connect();
    await assert.rejects(t.stop(), failsWith("stop_timeout", true));
  });
});

test("abort ends at once, quietly", async () => {
  await withServer([(c) => c.started()], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const states: string[] = [];
    t.on("state", ({ to }) => states.push(to));
    t.on("error", () => assert.fail("an abort is no failure"));
    await t.connect();
    t.abort();
    t.abort();
    assert.deepEqual(states, ["connecting", "open", "closed"]);
    for await (const _ of t) assert.fail("nothing comes after the end");
  });
});

test("stop before connect closes without a word; connecting twice is refused", async () => {
  const t = createTranscriber({ url: "ws://127.0.0.1:9", WebSocket });
  assert.equal(await t.stop(), undefined);
  assert.equal(t.state, "closed");
  await assert.rejects(t.connect(), failsWith("not_open", false));
});

test("a socket that does not drain holds audio back, up to a bound, and loses none", async () => {
  const script = async (c: Connection) => {
    c.started();
    c.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    c.socket.resume();
    await c.end();
  };
  await withServer([script], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket, maxBufferedBytes: 65_536, bufferMs: 4000 });
    await t.connect();
    const chunk = new Uint8Array(64_000);
    let sent = 0;
    let refused = 0;
    // More than the kernel's own buffers take.
    for (let i = 0; i < 200; i += 1) {
      chunk.fill(i);
      while (!t.send(chunk)) {
        refused += 1;
        await t.ready();
      }
      sent += chunk.length;
    }
    await t.stop();
    const audio = server.connections[0]?.audio ?? Buffer.alloc(0);
    assert.equal(audio.length, sent);
    for (let i = 0; i < 200; i += 1) assert.equal(audio[i * 64_000 + 31_999], i);
    assert.ok(refused > 0, "the bound was never reached");
  });
});

test("a chunk that could never fit is a mistake, not a wait without end", () => {
  const t = createTranscriber({ url: "ws://h", WebSocket, bufferMs: 10 });
  assert.throws(() => t.send(new Uint8Array(1000)), failsWith("bad_option", false));
});
