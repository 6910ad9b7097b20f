/**
 * The messages of `/v1/stream`, named as they are on the wire.
 *
 * Times are integer milliseconds of stream time.
 */

export type Task = "transcribe" | "translate";
export type Encoding = "pcm_s16le" | "pcm_f32le" | "mulaw" | "alaw" | "opus";
export type FinalReason = "silence" | "max_length" | "finalize" | "end" | (string & {});

export interface AudioFormat {
  encoding: Encoding;
  sample_rate: number;
  channels: number;
  channel_names?: readonly string[];
}

export interface Endpointing {
  /** Values for the three below; those given win. */
  preset?: "captions" | "telephony" | "dictation";
  silence_ms?: number;
  /** Enough where the words so far complete a sentence. */
  sentence_silence_ms?: number;
  max_segment_ms?: number;
}

/** What a session may be told at its start, and (in part) while it runs. */
export interface SessionOptions {
  language?: string;
  /** With `language` left out or `auto`: which ones it may be. */
  languages?: readonly string[];
  task?: Task;
  partials?: boolean;
  words?: boolean;
  prompt?: string;
  hotwords?: readonly string[];
  endpointing?: Endpointing;
}

export type ConfigureOptions = Pick<
  SessionOptions,
  "language" | "languages" | "prompt" | "hotwords" | "endpointing"
>;

export type ClientMessage =
  | ({ type: "start"; audio: AudioFormat; token?: string; resume?: Resume } & SessionOptions)
  | ({ type: "configure" } & ConfigureOptions)
  | { type: "finalize"; id: string }
  | { type: "keepalive" }
  | { type: "end" };

/** What a client shows that wants to go on with a session; `received` is the last `seq` it had. */
export interface Resume {
  session_id: string;
  token: string;
  received: number;
}

/** The server's bounds; 0 where the server did not say. */
export interface Limits {
  max_session_ms: number;
  max_idle_ms: number;
  max_message_bytes: number;
  max_backlog_ms: number;
  max_bytes_per_s: number;
  max_sessions: number;
  audio_ms_per_hour: number;
  audio_ms_left?: number;
}

export interface Started {
  type: "started";
  session_id: string;
  model: string;
  device: string;
  language: string;
  limits: Limits;
  resume_token?: string;
  resumed_from_ms?: number;
  /** The model that decodes partials, where it is another one. */
  partial_model?: string;
}

export interface Queued {
  type: "queued";
  position: number;
  eta_ms: number;
}

export interface SpeechEdge {
  type: "speech_started" | "speech_ended";
  channel: number;
  at_ms: number;
}

export interface PartialText {
  type: "partial";
  segment: number;
  revision: number;
  channel: number;
  start_ms: number;
  end_ms: number;
  text: string;
  committed: string;
  tentative: string;
  language: string;
}

export interface Word {
  text: string;
  start_ms: number;
  end_ms: number;
  confidence: number;
}

export interface Final {
  type: "final";
  segment: number;
  channel: number;
  start_ms: number;
  end_ms: number;
  text: string;
  confidence: number;
  language: string;
  language_confidence: number;
  reason: FinalReason;
  words: Word[];
}

export interface Finalized {
  type: "finalized";
  id: string;
  through_ms: number;
}

export interface Ack {
  type: "ack";
  received_ms: number;
  decoded_ms: number;
}

export interface LanguageFound {
  type: "language";
  channel: number;
  language: string;
  confidence: number;
}

export type WarningCode =
  | "slow_partials"
  | "draining"
  | "clipping"
  | "no_audio"
  | "limit_near"
  | "suppressed"
  | (string & {});

export interface Warning {
  type: "warning";
  code: WarningCode;
  message: string;
  /** Everything else the server said with it: `deadline_ms`, `reason`, `segment` … */
  detail: Readonly<Record<string, unknown>>;
}

export interface ServerError {
  type: "error";
  code: string;
  message: string;
  retryable: boolean;
  retry_after_ms?: number;
}

export interface Ended {
  type: "ended";
  audio_ms: number;
  segments: number;
  words: number;
}

export type ServerMessage =
  | Started
  | Queued
  | SpeechEdge
  | PartialText
  | Final
  | Finalized
  | Ack
  | LanguageFound
  | Warning
  | ServerError
  | Ended;
