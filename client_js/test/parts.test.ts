/** The small parts of the connection, each for itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../src/backoff.js";
import { Feed, type FeedMessage } from "../src/feed.js";
import { readOptions } from "../src/options.js";
import { ReplayBuffer } from "../src/replay.js";
import { Sound } from "../src/sound.js";
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
  const now = { ...options, baseMs: 400 };
  assert.equal(backoffMs(0, now, 0, () => 1, true), 100, "asked to leave: next to nothing");
  assert.equal(backoffMs(1, now, 0, () => 1, true), 500, "but not again and again");
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

test("the replay buffer gives out each byte once, and again after a rewind", () => {
  const buffer = new ReplayBuffer(1);
  buffer.append(bytes(1, 2, 3));
  buffer.append(bytes(4, 5));
  assert.deepEqual(buffer.take(2), bytes(1, 2));
  assert.deepEqual(buffer.take(9), bytes(3));
  assert.deepEqual(buffer.take(9), bytes(4, 5));
  assert.equal(buffer.take(9), undefined);
  buffer.rewind(1);
  assert.equal(buffer.unsent, 4);
  assert.deepEqual(buffer.take(9), bytes(2, 3));
});

test("the replay buffer keeps whole frames only, however they were cut", () => {
  const buffer = new ReplayBuffer(4);
  buffer.append(bytes(1, 2, 3));
  assert.equal(buffer.take(9), undefined);
  buffer.append(bytes(4, 5, 6, 7, 8, 9));
  assert.equal(buffer.end, 8);
  assert.deepEqual(buffer.take(9), bytes(1, 2, 3, 4, 5, 6, 7, 8));
  buffer.drop(6);
  assert.equal(buffer.start, 4, "never within a frame");
  const wide = new ReplayBuffer(6);
  wide.append(new Uint8Array(60_000));
  for (let piece; (piece = wide.take(Infinity)) !== undefined; ) assert.equal(piece.byteLength % 6, 0);
});

test("releasing spares what is unsent, dropping does not", () => {
  const buffer = new ReplayBuffer(1);
  buffer.append(bytes(1, 2, 3, 4, 5));
  buffer.take(2);
  buffer.release(4);
  assert.deepEqual([buffer.start, buffer.cursor], [2, 2]);
  buffer.drop(4);
  assert.deepEqual([buffer.start, buffer.cursor, buffer.held], [4, 4, 1]);
  assert.deepEqual(buffer.take(9), bytes(5));
  buffer.rewind(0);
  assert.equal(buffer.cursor, 4);
});

const mono = new Sound({ encoding: "pcm_s16le", sample_rate: 16_000, channels: 1 });

test("positions are whole frames, and silence is what the encoding has for it", () => {
  const odd = new Sound({ encoding: "mulaw", sample_rate: 11_025, channels: 2 });
  assert.equal(odd.position(1), 22);
  assert.equal(odd.ms(odd.position(1000)), 1000);
  assert.deepEqual(odd.silence(2), bytes(255, 255));
  assert.deepEqual(odd.mute(bytes(1, 2, 3, 4, 5, 6), 1, 4), bytes(1, 255, 3, 255, 5, 6));
});

test("the timeline goes on over restarts, resumes and leaps", () => {
  const timeline = new Timeline(mono);
  timeline.restart(mono.position(5000));
  timeline.sent(mono.position(2000));
  assert.equal(timeline.at(700), 5700);
  timeline.leap(mono.position(1000), mono.position(60_000));
  assert.equal(timeline.at(1999), 6999);
  assert.equal(timeline.at(3100), 60_100, "behind the silence lies what comes after the gap");
  assert.equal(timeline.resume(1500), mono.position(6500));
  assert.equal(timeline.at(3100), 8100, "the server never heard of the leap");
});

test("a leap that was heard in part is taken anew", () => {
  const timeline = new Timeline(mono);
  timeline.sent(mono.position(1000));
  timeline.leap(mono.position(1000), mono.position(9000));
  timeline.sent(mono.position(1000));
  assert.equal(timeline.resume(1500), mono.position(1500));
  assert.equal(timeline.resume(2000), mono.position(2000));
  const whole = new Timeline(mono);
  whole.sent(mono.position(1000));
  whole.leap(mono.position(1000), mono.position(9000));
  whole.sent(mono.position(1500));
  assert.equal(whole.resume(2500), mono.position(9500));
  whole.settled(2200);
  assert.equal(whole.at(2600), 9600);
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
