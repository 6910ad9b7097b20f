/** What a transcriber tells its listeners. */

import type { AudioLost, Reconnected } from "./continuity.js";
import type { ErrorCode, TranscriberError } from "./errors.js";
import type { FeedMessage } from "./feed.js";
import type {
  Ack, Ended, Final, Finalized, LanguageFound, PartialText, Queued, SpeechEdge, Started, Warning,
} from "./protocol.js";
import type { State } from "./state.js";

export interface TranscriberEvents {
  /** The session has its place; again after a lost connection. */
  started: Started;
  /** The server is full, and lets the session wait. */
  queued: Queued;
  speech_started: SpeechEdge;
  speech_ended: SpeechEdge;
  /** A segment as far as it is heard: `committed` only grows, `tentative` is a guess. */
  partial: PartialText;
  /** A segment's text, for good. */
  final: Final;
  finalized: Finalized;
  ack: Ack;
  language: LanguageFound;
  warning: Warning;
  /** The last message of a session that ends well. */
  ended: Ended;
  /** Every message of the server, in order, and what a lost connection made of the stream. */
  message: FeedMessage;
  state: { from: State; to: State };
  /**
   * The connection is gone; the next try starts after `delay_ms`, or, where that is undefined, as
   * soon as there is something to send.
   */
  reconnecting: { attempt: number; delay_ms: number | undefined; code: ErrorCode; error: TranscriberError };
  /** The session goes on, or a new one took over; `lost_ms` of audio could not be kept for it. */
  reconnected: Reconnected;
  /** Audio was given up because the buffer was full: nothing in it will be heard. */
  audio_lost: AudioLost;
  /** The failure that closed the transcriber. */
  error: TranscriberError;
  /** The end, with the failure if there was one. */
  closed: { error: TranscriberError | undefined };
}
