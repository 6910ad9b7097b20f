/** A scripted server on a real socket: does exactly what a test tells it. */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket as NodeWebSocket, WebSocketServer, type RawData } from "ws";
import type { SocketConstructor } from "../src/link.js";

export const WebSocket = NodeWebSocket as unknown as SocketConstructor;

/** One connection as the server sees it. */
export class Connection {
  readonly socket: NodeWebSocket;
  readonly offered: string;
  readonly messages: Record<string, unknown>[] = [];
  readonly chunks: Buffer[] = [];
  audioBytes = 0;
  #wake: (() => void)[] = [];

  constructor(socket: NodeWebSocket, offered: string) {
    this.socket = socket;
    this.offered = offered;
    socket.on("message", (data: RawData, binary: boolean) => {
      if (binary) {
        this.chunks.push(data as Buffer);
        this.audioBytes += (data as Buffer).length;
      } else this.messages.push(JSON.parse(String(data)) as Record<string, unknown>);
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  get audio(): Buffer {
    return Buffer.concat(this.chunks);
  }

  say(type: string, fields: object = {}): void {
    this.socket.send(JSON.stringify({ type, ...fields }));
  }

  started(limits: object = {}): void {
    this.say("started", { session_id: "s", model: "base", device: "cpu", language: "en", limits });
  }

  /** Waits until `seen` holds for what the client sent. */
  async until(seen: (connection: Connection) => boolean): Promise<void> {
    while (!seen(this)) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async message(type: string): Promise<Record<string, unknown>> {
    const find = () => this.messages.find((message) => message["type"] === type);
    await this.until(() => find() !== undefined);
    return find() as Record<string, unknown>;
  }

  async end(fields: object = {}): Promise<void> {
    await this.message("end");
    this.say("ended", { audio_ms: this.audio.length / 32, segments: 0, words: 0, ...fields });
    this.socket.close(1000);
  }
}

export type Script = (connection: Connection) => Promise<void> | void;

export class ScriptedServer {
  readonly connections: Connection[] = [];
  readonly failures: unknown[] = [];
  readonly #server: WebSocketServer;
  #scripts: Script[];

  private constructor(server: WebSocketServer, scripts: Script[]) {
    this.#server = server;
    this.#scripts = scripts;
    server.on("connection", (socket, request) => {
      const connection = new Connection(socket, request.headers["sec-websocket-protocol"] ?? "");
      this.connections.push(connection);
      const script = this.#scripts.length > 1 ? this.#scripts.shift() : this.#scripts[0];
      Promise.resolve(script?.(connection)).catch((error: unknown) => this.failures.push(error));
    });
  }

  /** Listens on a free port; each script serves one connection, the last one all that follow. */
  static async play(...scripts: Script[]): Promise<ScriptedServer> {
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      handleProtocols: (offered) => (offered.has("wirescribe.v1") ? "wirescribe.v1" : false),
    });
    await once(server, "listening");
    return new ScriptedServer(server, scripts);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Runs `body` against a server that plays `scripts`; a script that throws fails the test. */
export async function withServer(
  scripts: Script[],
  body: (server: ScriptedServer) => Promise<void>,
): Promise<void> {
  const server = await ScriptedServer.play(...scripts);
  try {
    await body(server);
    if (server.failures.length > 0) throw server.failures[0];
  } finally {
    await server.close();
  }
}
