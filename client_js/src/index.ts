/** `wirescribe`: live speech to text over one WebSocket, in browsers and in Node. */

export type { BackoffOptions } from "./backoff.js";
export type { AudioLost, Reconnected } from "./continuity.js";
export { TranscriberError } from "./errors.js";
export type { TranscriberEvents } from "./events.js";
export type { TranscriberOptions } from "./options.js";
export { parseServerMessage } from "./parser.js";
export type {
  Ack,
  AudioFormat,
  ClientMessage,
  ConfigureOptions,
  Encoding,
  Ended,
  Endpointing,
  Final,
  Finalized,
  LanguageFound,
  Limits,
  PartialText,
  Queued,
  Resume,
  ServerMessage,
  SessionOptions,
  SpeechEdge,
  Started,
  Task,
  Warning,
  Word,
} from "./protocol.js";
export type { State } from "./state.js";
export { createTranscriber, Transcriber } from "./transcriber.js";
