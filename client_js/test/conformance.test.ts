/** The JavaScript client, through every scenario of the shared suite. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigureOptions } from "../src/protocol.js";
import { createTranscriber, type Transcriber } from "../src/transcriber.js";
import { player, Signals, type Played } from "./player.js";
import { fits, scenarios, Signal, wanted, type Json, type Scenario, type Step } from "./scenario.js";
import { ScriptedServer, WebSocket } from "./server.js";

const QUICK = { baseMs: 5, maxMs: 20, attempts: 4 };
const CHUNK_MS = 40;

class Play {
  readonly events: Json[] = [];
  readonly #transcriber: Transcriber;
  readonly #signal: Signal;
  readonly #signals: Signals;
  readonly #played: Played[];
  #lookedAt = 0;
  #wake: (() => void)[] = [];
  readonly closed: Promise<{ code: string } | undefined>;

  constructor(transcriber: Transcriber, signal: Signal, signals: Signals, played: Played[]) {
    this.#transcriber = transcriber;
    this.#signal = signal;
    this.#signals = signals;
    this.#played = played;
    transcriber.on("message", (message) => this.#heard({ ...message }));
    transcriber.on("reconnecting", (it) => this.#heard({ type: "reconnecting", ...it }));
    this.closed = new Promise((resolve) => transcriber.on("closed", ({ error }) => resolve(error)));
    void this.closed.then(() => this.#news());
  }

  async do(step: Step): Promise<void> {
    const [kind, value] = Object.entries(step)[0] as [string, unknown];
    switch (kind) {
      case "send":
        for (const chunk of this.#chunks(value as [number, number], step["chunk_bytes"])) {
          while (!this.#transcriber.send(chunk)) await this.#transcriber.ready();
        }
        break;
      case "finalize":
        this.#transcriber.finalize().catch(() => undefined);
        break;
      case "configure":
        this.#transcriber.configure(value as ConfigureOptions);
        break;
      case "hear":
        await this.#hear(value as string | Json);
        break;
      case "signal":
        this.#signals.give(value as string);
        break;
      case "await":
        await this.#signals.wait(value as string);
        break;
      case "state":
        assert.equal(this.#transcriber.state, value);
        break;
      case "connections":
        assert.equal(this.#played.length, value);
        break;
      case "received_at_most_ms": {
        const audio = this.#played.at(-1)?.connection.audioBytes ?? 0;
        assert.ok(this.#signal.ms(audio) <= (value as number));
        break;
      }
      case "end":
        this.#transcriber.stop().catch(() => undefined);
        break;
      case "abort":
        this.#transcriber.abort();
        break;
      case "closed":
        await this.closed;
        break;
      default:
        throw new Error(`no step: ${kind}`);
    }
  }

  #chunks([start, end]: [number, number], size: unknown): Uint8Array[] {
    const whole = this.#signal.sound(start, end);
    const step = typeof size === "number" ? size : this.#signal.frames(CHUNK_MS) * this.#signal.frameBytes;
    const chunks = [];
    for (let at = 0; at < whole.length; at += step) chunks.push(whole.subarray(at, at + step));
    return chunks;
  }

  /** Waits for an event behind the one that was waited for last. */
  async #hear(expected: string | Json): Promise<void> {
    for (;;) {
      const place = this.events.findIndex((it, i) => i >= this.#lookedAt && fits(it, expected));
      if (place >= 0) {
        this.#lookedAt = place + 1;
        return;
      }
      assert.notEqual(this.#transcriber.state, "closed", `over without ${JSON.stringify(expected)}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #heard(event: Json): void {
    this.events.push(event);
    this.#news();
  }

  #news(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

for (const scenario of scenarios())
  test(scenario.name, { timeout: 20_000 }, async () => {
    const signal = new Signal(scenario.audio);
    const signals = new Signals();
    const played: Played[] = [];
    const scripts = scenario.server.map((steps) => player(steps, signal, signals, played));
    const unexpected = () => assert.fail("one connection too many");
    const server = await ScriptedServer.play(...scripts, unexpected);
    try {
      await run(scenario, server, signal, signals, played);
      if (server.failures.length > 0) throw server.failures[0];
      judgeConnections(scenario, played, signal);
    } finally {
      await server.close();
    }
  });

async function run(
  scenario: Scenario,
  server: ScriptedServer,
  signal: Signal,
  signals: Signals,
  played: Played[],
): Promise<void> {
  const { buffer_ms, overflow, reconnect = true } = scenario.client ?? {};
  const transcriber = createTranscriber({
    url: server.url,
    WebSocket,
    audio: signal.format,
    reconnect: reconnect && QUICK,
    overflow: overflow === "drop_oldest" ? "drop_oldest" : "refuse",
    ...(buffer_ms === undefined ? {} : { bufferMs: buffer_ms }),
    ...scenario.start,
  });
  const play = new Play(transcriber, signal, signals, played);
  if (scenario.connect_fails !== undefined) {
    await assert.rejects(transcriber.connect(), { code: scenario.connect_fails });
    return;
  }
  await transcriber.connect();
  for (const step of scenario.do) await play.do(step);
  const failure = await play.closed;
  assert.equal(transcriber.state, "closed");
  if (scenario.fails === undefined) assert.equal(failure, undefined);
  else assert.equal(failure?.code, scenario.fails === true ? failure?.code : scenario.fails);
  const only = scenario.hear_only;
  const heard = play.events.filter(({ type }) =>
    only === undefined ? type !== "ack" : only.includes(type as string),
  );
  for (const [i, expected] of scenario.events.entries())
    if (heard[i] !== undefined)
      assert.ok(fits(heard[i], expected), `${JSON.stringify(expected)}, not ${JSON.stringify(heard[i])}`);
  assert.deepEqual(heard.map((it) => it["type"]), scenario.events.map((it) => wanted(it)["type"]));
}

function judgeConnections(scenario: Scenario, played: Played[], signal: Signal): void {
  assert.equal(played.length, (scenario.connections ?? scenario.server).length);
  for (const [i, wish] of (scenario.connections ?? []).entries()) {
    const { connection, texts, atMs } = played[i] as Played;
    const start = connection.messages[0] ?? {};
    if ("resume" in wish) assert.deepEqual(start["resume"] ?? null, wish["resume"], `resume of ${i}`);
    for (const [name, value] of Object.entries(wish["start"] ?? {}))
      assert.deepEqual(start[name], value);
    for (const name of (wish["without"] ?? []) as string[]) assert.equal(name in start, false);
    if (wish["audio"] !== undefined) {
      const whole = signal.expected(wish["audio"] as unknown[]);
      assert.equal(signal.ms(connection.audio.length), signal.ms(whole.length), `length of ${i}`);
      assert.ok(connection.audio.equals(whole), `audio of ${i}`);
    }
    if (wish["texts"] !== undefined) assert.deepEqual(texts, wish["texts"], `texts of ${i}`);
    if (wish["at_ms"] !== undefined) assert.deepEqual(atMs, wish["at_ms"], `places of ${i}`);
  }
}
