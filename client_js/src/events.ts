/** What a transcriber tells its listeners. */

import type { AudioLost, Reconnected } from "./continuity.js";
import type { ErrorCode, TranscriberError } from "./errors.js";
import type { FeedMessage } from "./feed.js";
import type { ServerMessage } from "./protocol.js";
import type { State } from "./state.js";

type MessageEvents = {
  [T in Exclude<ServerMessage["type"], "error">]: Extract<ServerMessage, { type: T }>;
};

export interface TranscriberEvents extends MessageEvents {
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
