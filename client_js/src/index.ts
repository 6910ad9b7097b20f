/** `wirescribe`: live speech to text over one WebSocket, in browsers and in Node. */

export type { BackoffOptions } from "./backoff.js";
export { TranscriberError } from "./errors.js";
export type { TranscriberOptions } from "./options.js";
export {
  parseServerMessage,
  type Ack,
  type AudioFormat,
  type ClientMessage,
  type ConfigureOptions,
  type Encoding,
  type Ended,
  type Endpointing,
  type Final,
  type Finalized,
  type LanguageFound,
  type Limits,
  type PartialText,
  type Queued,
  type ServerMessage,
  type SessionOptions,
  type SpeechEdge,
  type Started,
  type Task,
  type Warning,
  type Word,
} from "./protocol.js";
export type { State } from "./state.js";
export { createTranscriber, Transcriber, type TranscriberEvents } from "./transcriber.js";
