/** `wirescribe`: live speech to text over one WebSocket, in browsers and in Node. */

export type { BackoffOptions } from "./backoff.js";
export type { AudioLost, Reconnected } from "./continuity.js";
export type { Emitter, Listener } from "./emitter.js";
export {
  TranscriberError, type ClientErrorCode, type ErrorCode, type ErrorFacts, type ServerErrorCode,
} from "./errors.js";
export type { TranscriberEvents } from "./events.js";
export type { FeedMessage } from "./feed.js";
export type { SocketConstructor, SocketLike } from "./link.js";
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
  FinalReason,
  LanguageFound,
  Limits,
  PartialText,
  Queued,
  Resume,
  ServerError,
  ServerMessage,
  SessionOptions,
  SpeechEdge,
  Started,
  Task,
  Warning,
  WarningCode,
  Word,
} from "./protocol.js";
export type { State } from "./state.js";
export { createTranscriber, Transcriber } from "./transcriber.js";
