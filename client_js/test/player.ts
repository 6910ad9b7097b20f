/** Plays the server's side of a scenario to one connection after the other. */

import type { Connection, Script } from "./server.js";
import { event, started, type Json, type Signal, type Step } from "./scenario.js";

/** What client and server tell each other outside the socket, so that no test has to sleep. */
export class Signals {
  readonly #given = new Set<string>();
  readonly #waiting: (() => void)[] = [];

  give(name: string): void {
    this.#given.add(name);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async wait(name: string): Promise<void> {
    while (!this.#given.has(name)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** One connection as the server saw it: its texts, and where in the audio each came. */
export class Played {
  readonly connection: Connection;
  readonly texts: string[] = [];
  readonly atMs: number[] = [];

  constructor(connection: Connection, signal: Signal) {
    this.connection = connection;
    connection.socket.on("message", (data, binary) => {
      if (binary) return;
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === "start") return;
      this.texts.push(type);
      this.atMs.push(signal.ms(connection.audioBytes));
    });
  }
}

export function player(steps: Step[], signal: Signal, signals: Signals, played: Played[]): Script {
  return async (connection) => {
    const it = new Played(connection, signal);
    played.push(it);
    await connection.message("start");
    let looked = 0;
    let resumedMs = 0;
    for (const step of steps) {
      const [kind, value] = Object.entries(step)[0] as [string, unknown];
      switch (kind) {
        case "started":
          resumedMs = Number((value as Json)["resumed_from_ms"] ?? 0);
          send(connection, started(value as Json));
          break;
        case "until_ms": {
          const bytes = signal.frames(value as number) * signal.frameBytes;
          await connection.until((c) => c.audioBytes >= bytes);
          break;
        }
        case "until":
          await connection.until(() => it.texts.slice(looked).includes(value as string));
          looked = it.texts.length;
          break;
        case "await":
          await signals.wait(value as string);
          break;
        case "signal":
          signals.give(value as string);
          break;
        case "cut":
          connection.socket.terminate();
          return;
        case "close":
          connection.socket.close(value as number);
          return;
        case "ended": {
          const [segments, words] = value as [number, number];
          const audio_ms = resumedMs + signal.ms(connection.audioBytes);
          const seq = "seq" in step ? { seq: step["seq"] } : {};
          send(connection, { type: "ended", audio_ms, segments, words, ...seq });
          connection.socket.close(1000);
          return;
        }
        default:
          send(connection, event(step));
      }
    }
  };
}

function send(connection: Connection, message: Json): void {
  connection.socket.send(JSON.stringify(message));
}
