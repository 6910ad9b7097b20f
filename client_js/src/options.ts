/** What `createTranscriber` may be told, checked and with its defaults filled in. */

import { defaultBackoff, type BackoffOptions } from "./backoff.js";
import { TranscriberError } from "./errors.js";
import type { SocketConstructor } from "./link.js";
import type { AudioFormat, SessionOptions } from "./protocol.js";
import { sampleBytes } from "./sound.js";

export interface TranscriberOptions extends SessionOptions {
  /** `ws:`, `wss:`, `http:` or `https:` address of the server; the path defaults to `/v1/stream`. */
  url: string | URL;
  /** API key or short-lived token. */
  token?: string;
  /** Fetches a token for each connection, where tokens don't live as long as a talk. */
  getToken?: () => string | Promise<string>;
  audio?: Partial<AudioFormat>;
  /** Reconnect after a lost connection. On by default; `false` to be told instead. */
  reconnect?: boolean | Partial<BackoffOptions>;
  /** At the bound of the buffers: refuse (`send` returns false) or give up the oldest audio. */
  overflow?: "refuse" | "drop_oldest";
  /**
   * Audio kept for sending, and for sending again; 60 000 by default. Where the server
   * acknowledges and `overflow` is `refuse`, at least the longest segment is kept.
   */
  bufferMs?: number;
  /** Bytes that may wait inside the WebSocket. */
  maxBufferedBytes?: number;
  connectTimeoutMs?: number;
  stopTimeoutMs?: number;
  /** A connection on which the server falls silent for this long while audio flows is lost. */
  silenceTimeoutMs?: number;
  /** Ends everything at once when it aborts, as `abort()` does. */
  signal?: AbortSignal;
  /** Where there is no global WebSocket (Node 20): the class of the `ws` package. */
  WebSocket?: SocketConstructor;
}

export interface Settings {
  url: string;
  getToken: (() => string | Promise<string>) | undefined;
  token: string | undefined;
  audio: AudioFormat;
  session: SessionOptions;
  backoff: BackoffOptions | undefined;
  overflow: "refuse" | "drop_oldest";
  bufferMs: number;
  maxBufferedBytes: number;
  connectTimeoutMs: number;
  stopTimeoutMs: number;
  silenceTimeoutMs: number;
  WebSocket: SocketConstructor;
}

/** What RFC 9110 allows in a token, and so in a subprotocol's name. */
const SUBPROTOCOL = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** How a token travels: as a subprotocol, or in `start` where it can't be one. */
export function carried(token: string | undefined): { protocols: string[]; inStart?: string } {
  if (!token) return { protocols: [] };
  if (SUBPROTOCOL.test(token)) return { protocols: ["wirescribe.v1", `token.${token}`] };
  return { protocols: [], inStart: token };
}

export function readOptions(options: TranscriberOptions): Settings {
  const audio: AudioFormat = {
    encoding: "pcm_s16le",
    sample_rate: 16_000,
    channels: 1,
    ...options.audio,
  };
  if (!Object.hasOwn(sampleBytes, audio.encoding)) throw bad("audio.encoding", audio.encoding);
  if (!(audio.sample_rate > 0)) throw bad("audio.sample_rate", audio.sample_rate);
  if (!Number.isInteger(audio.channels) || audio.channels < 1)
    throw bad("audio.channels", audio.channels);
  const WebSocket =
    options.WebSocket ?? (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  if (WebSocket === undefined)
    throw new TranscriberError({
      code: "bad_option",
      message: "There is no WebSocket here: give the class of the ws package as option WebSocket.",
      retryable: false,
    });
  const { reconnect = true } = options;
  return {
    url: streamUrl(options.url),
    getToken: options.getToken,
    token: options.token,
    audio,
    session: sessionOptions(options),
    backoff:
      reconnect === false
        ? undefined
        : { ...defaultBackoff, ...(reconnect === true ? {} : reconnect) },
    overflow: options.overflow ?? "refuse",
    bufferMs: options.bufferMs ?? 60_000,
    maxBufferedBytes: options.maxBufferedBytes ?? 256 * 1024,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    stopTimeoutMs: options.stopTimeoutMs ?? 30_000,
    silenceTimeoutMs: options.silenceTimeoutMs ?? 10_000,
    WebSocket,
  };
}

function sessionOptions(options: TranscriberOptions): SessionOptions {
  const { language, languages, task, partials, words, prompt, hotwords, endpointing } = options;
  const given = { language, languages, task, partials, words, prompt, hotwords, endpointing };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function streamUrl(given: string | URL): string {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw bad("url", String(given));
  }
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw bad("url", String(given));
  if (url.pathname === "/") url.pathname = "/v1/stream";
  url.hash = "";
  return url.href;
}

function bad(field: string, value: unknown): TranscriberError {
  return new TranscriberError({
    code: "bad_option",
    message: `${field} may not be ${JSON.stringify(value)}.`,
    retryable: false,
  });
}
