/** What an AbortSignal ends, and what a session that is over says to those who come late. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TranscriberError } from "../src/errors.js";
import { createTranscriber } from "../src/transcriber.js";
import { WebSocket, withServer, type Connection } from "./server.js";

const fails = (code: string) => (error: unknown) => error instanceof TranscriberError && error.code === code;

/** Lets the session begin, and never ends it. */
const silent = async (c: Connection) => {
  await c.message("start");
  c.started();
};

test("a signal ends a connection that is being made, and the session with it", async () => {
  await withServer([() => undefined], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    const gone = new AbortController();
    const connecting = t.connect({ signal: gone.signal });
    setTimeout(() => gone.abort(), 20);
    await assert.rejects(connecting, fails("aborted"));
    assert.equal(t.state, "closed");
  });
});

test("a signal that aborted before lets nothing begin", async () => {
  await withServer([silent], async (server) => {
    const signal = AbortSignal.abort();
    const first = createTranscriber({ url: server.url, WebSocket, signal });
    assert.equal(first.state, "closed");
    await assert.rejects(first.connect(), fails("aborted"));
    const second = createTranscriber({ url: server.url, WebSocket });
    await assert.rejects(second.connect({ signal }), fails("aborted"));
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(server.connections.length, 0);
  });
});

test("the session's signal ends it at any time; the one of connect does so only while it is awaited", async () => {
  await withServer([silent], async (server) => {
    const all = new AbortController();
    const once = new AbortController();
    const t = createTranscriber({ url: server.url, WebSocket, signal: all.signal });
    await t.connect({ signal: once.signal });
    once.abort();
    assert.equal(t.state, "open");
    const finalizing = t.finalize();
    all.abort();
    assert.equal(t.state, "closed");
    await assert.rejects(finalizing, fails("aborted"));
    for await (const _ of t) assert.fail("nothing comes after the end");
  });
});

test("a signal ends the wait for the last words", async () => {
  await withServer([silent], async (server) => {
    const t = createTranscriber({ url: server.url, WebSocket });
    await t.connect();
    const gone = new AbortController();
    const first = t.stop();
    const second = t.stop({ signal: gone.signal });
    gone.abort();
    await assert.rejects(first, fails("aborted"));
    await assert.rejects(second, fails("aborted"));
  });
});

test("stop after the end says how it ended, however often it is asked", async () => {
  const good = async (c: Connection) => {
    c.started();
    await c.end({ words: 7 });
  };
  const bad = async (c: Connection) => {
    c.started();
    c.say("error", { code: "bad_message", message: "no", retryable: false });
    c.socket.close(4400);
  };
  await withServer([good, bad], async (server) => {
    const ended = createTranscriber({ url: server.url, WebSocket });
    await ended.connect();
    await ended.stop();
    assert.equal((await ended.stop())?.words, 7);
    const failed = createTranscriber({ url: server.url, WebSocket });
    const closed = new Promise((resolve) => failed.once("closed", resolve));
    await failed.connect();
    await closed;
    await assert.rejects(failed.stop(), fails("bad_message"));
    await assert.rejects(failed.connect(), fails("bad_message"));
    await assert.rejects(failed.finalize(), fails("not_open"));
    const aborted = createTranscriber({ url: server.url, WebSocket });
    aborted.abort();
    await assert.rejects(aborted.stop(), fails("aborted"));
  });
});

test("a failure that nobody waits for is an event, not an unhandled rejection", async () => {
  const bad = async (c: Connection) => {
    await c.message("end");
    c.say("error", { code: "internal", message: "broken", retryable: false });
    c.socket.close(1011);
  };
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    await withServer([async (c) => (c.started(), bad(c))], async (server) => {
      const t = createTranscriber({ url: server.url, WebSocket });
      await t.connect();
      const told = new Promise<TranscriberError>((resolve) => t.once("error", resolve));
      void t.stop();
      assert.equal((await told).code, "internal");
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
  } finally {
    process.off("unhandledRejection", note);
  }
  assert.deepEqual(unhandled, []);
});
