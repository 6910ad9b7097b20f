/** The small parts of the connection, each for itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../src/backoff.js";
import { Feed, type FeedMessage } from "../src/feed.js";
import { readOptions } from "../src/options.js";
import { ReplayBuffer } from "../src/replay.js";
import { mayMove, StateMachine, type State } from "../src/state.js";
import { Timeline } from "../src/timeline.js";
import { WebSocket } from "./server.js";

const bytes = (...values: number[]) => Uint8Array.from(values);

test("backoff doubles under its cap, spreads, and ends", () => {
  const options = { baseMs: 100, maxMs: 500, attempts: 5 };
  const latest = [0, 1, 2, 3, 4].map((n) => backoffMs(n, options, 0, () => 1));
  assert.deepEqual(latest, [100, 200, 400, 500, 500]);
  assert.equal(backoffMs(5, options), undefined);
  assert.equal(backoffMs(0, options, 0, () => 0), 0);
  assert.equal(backoffMs(0, options, 3000, () => 0.5), 3050, "never before the server wants it");
});

test("states move along the table only", () => {
  const machine = new StateMachine();
  assert.throws(() => machine.move("open"), /idle to open/);
  for (const state of ["connecting", "open", "reconnecting", "open", "stopping", "closed"] as State[])
    machine.move(state);
  for (const state of ["idle", "connecting", "open", "reconnecting", "stopping"] as State[]) {
    assert.equal(mayMove("closed", state), false);
    assert.equal(mayMove(state, "closed"), true);
  }
});

test("the replay buffer refuses what would push out unsent audio", () => {
  const buffer = new ReplayBuffer(4);
  assert.equal(buffer.append(bytes(1, 2, 3)), true);
  assert.equal(buffer.append(bytes(4, 5)), false);
  assert.deepEqual(buffer.next(), bytes(1, 2, 3));
  assert.equal(buffer.append(bytes(4, 5, 6, 7)), true, "what was sent may go");
  assert.deepEqual([buffer.start, buffer.end, buffer.unsent], [3, 7, 4]);
});

test("the replay buffer gives up the oldest of live sound and says how much", () => {
  const buffer = new ReplayBuffer(4);
  assert.equal(buffer.appendLive(bytes(1, 2)), 0);
  assert.equal(buffer.appendLive(bytes(3, 4)), 0);
  assert.equal(buffer.appendLive(bytes(5, 6)), 2);
  assert.deepEqual(buffer.next(), bytes(3, 4));
});

test("rewinding sends again what was not released", () => {
  const buffer = new ReplayBuffer(100);
  for (let i = 0; i < 5; i += 1) buffer.append(bytes(i, i));
  while (buffer.next() !== undefined);
  buffer.release(5);
  assert.equal(buffer.start, 4, "only whole pieces before the position go");
  buffer.rewind();
  assert.deepEqual(buffer.next(), bytes(2, 2));
  buffer.release(100);
  assert.equal(buffer.start, 6, "unsent audio is never released");
  buffer.rewind(2);
  assert.deepEqual(buffer.next(), bytes(4, 4));
});

test("the timeline holds back what an open segment may still need", () => {
  const timeline = new Timeline();
  const say = (type: string, fields: object) => timeline.rebase({ type, ...fields } as FeedMessage);
  say("ack", { received_ms: 5000, decoded_ms: 4800 });
  assert.equal(timeline.doneMs, 4800);
  say("speech_started", { channel: 0, at_ms: 6000 });
  say("speech_started", { channel: 1, at_ms: 7000 });
  say("ack", { received_ms: 9000, decoded_ms: 9000 });
  assert.equal(timeline.doneMs, 5600);
  say("final", { segment: 0, channel: 0, start_ms: 6000, end_ms: 8000, words: [] });
  assert.equal(timeline.doneMs, 6600, "the other channel is still open");
  say("warning", { code: "suppressed", detail: { channel: 1, segment: 1 } });
  assert.equal(timeline.doneMs, 9000);
});

test("the timeline goes on counting over a restart", () => {
  const timeline = new Timeline();
  const words = [{ text: "a", start_ms: 10, end_ms: 20, confidence: 1 }];
  const said = { type: "final", segment: 4, channel: 0, start_ms: 0, end_ms: 30, words } as FeedMessage;
  timeline.rebase(said);
  timeline.restart(1000);
  const moved = timeline.rebase({ ...said, segment: 0 } as FeedMessage);
  assert.ok(moved.type === "final");
  assert.deepEqual([moved.segment, moved.start_ms, moved.end_ms], [5, 1000, 1030]);
  assert.equal(moved.words[0]?.start_ms, 1010);
});

const partial = (segment: number, revision: number) =>
  ({ type: "partial", segment, revision }) as FeedMessage;

test("an unread partial is replaced by its successor, finals are kept", async () => {
  const feed = new Feed(() => undefined);
  feed.push(partial(0, 1));
  feed.push(partial(1, 1));
  feed.push({ type: "final", segment: 0 } as FeedMessage);
  feed.push(partial(1, 2));
  feed.close();
  const seen: unknown[] = [];
  for await (const message of feed) seen.push(message);
  assert.deepEqual(seen, [partial(0, 1), partial(1, 2), { type: "final", segment: 0 }]);
});

test("a reader that never reads is told so", async () => {
  const feed = new Feed(() => undefined);
  for (let i = 0; i < 5000; i += 1) feed.push({ type: "final", segment: i } as FeedMessage);
  await assert.rejects(async () => {
    for await (const _ of feed);
  }, /waiting to be read/);
});

test("leaving the loop lets go of the feed", async () => {
  const left: Feed[] = [];
  const feed = new Feed((done) => left.push(done));
  feed.push(partial(0, 1));
  for await (const _ of feed) break;
  assert.deepEqual(left, [feed]);
  assert.equal((await feed.next()).done, true);
});

test("addresses become those of the stream", () => {
  const url = (given: string) => readOptions({ url: given, WebSocket }).url;
  assert.equal(url("http://h:8000"), "ws://h:8000/v1/stream");
  assert.equal(url("https://h/#secret"), "wss://h/v1/stream");
  assert.equal(url("wss://h/other?x=1"), "wss://h/other?x=1");
});

test("options that make no sense are refused by name", () => {
  const refused = (options: object, field: RegExp) =>
    assert.throws(() => readOptions({ url: "ws://h", WebSocket, ...options }), field);
  refused({ url: "not an address" }, /url may not be "not an address"/);
  refused({ url: "ftp://h" }, /url/);
  refused({ audio: { sample_rate: 0 } }, /audio\.sample_rate may not be 0/);
  refused({ audio: { channels: 1.5 } }, /audio\.channels/);
  refused({ audio: { encoding: "opus" } }, /audio\.encoding/);
});

test("where there is no WebSocket, it is said what to give", (t) => {
  const kept = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Reflect.deleteProperty(globalThis, "WebSocket");
  t.after(() => kept && Object.defineProperty(globalThis, "WebSocket", kept));
  assert.throws(() => readOptions({ url: "ws://h" }), /class of the ws package/);
});
