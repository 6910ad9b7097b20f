/** Why sound could not be captured, with a `code` that a page can explain. */

export type InputKind = "microphone" | "tab" | "stream";

export type CaptureCode =
  | "insecure_origin"
  | "unsupported"
  | "tab_audio_unsupported"
  | "permission_denied"
  | "cancelled"
  | "needs_gesture"
  | "no_device"
  | "device_busy"
  | "no_tab_audio"
  | "worklet_failed"
  | "device_lost"
  | "aborted";

/** Failures that may be gone when the same is tried again: somebody plugs it in, or chooses anew. */
const RETRYABLE: readonly CaptureCode[] = [
  "cancelled", "needs_gesture", "no_device", "device_busy", "no_tab_audio", "device_lost",
];

export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly code: CaptureCode;
  /** Whether trying again, unchanged, can succeed. */
  readonly retryable: boolean;
  /** What could not be heard, where several inputs were asked for. */
  readonly input: InputKind | undefined;
  /** Its channel, of a source that is running. */
  readonly channel: number | undefined;

  constructor(
    code: CaptureCode,
    message: string,
    facts: { cause?: unknown; input?: InputKind; channel?: number } = {},
  ) {
    super(message, { cause: facts.cause });
    this.code = code;
    this.retryable = RETRYABLE.includes(code);
    this.input = facts.input;
    this.channel = facts.channel;
  }
}

/** Reads what `getUserMedia` or `getDisplayMedia` rejected with (W3C Media Capture and Streams). */
export function captureFailure(cause: unknown, input: "microphone" | "tab"): CaptureError {
  const name = cause instanceof Error ? cause.name : "";
  const code = codes[name] ?? "unsupported";
  // Closing the browser's chooser and refusing it for good look the same to a page.
  const known = input === "tab" && code === "permission_denied" ? "cancelled" : code;
  return new CaptureError(known, cause instanceof Error ? cause.message : String(cause), { cause, input });
}

export function captureAborted(): CaptureError {
  return new CaptureError("aborted", "The capture was given up.");
}

const codes: Readonly<Record<string, CaptureCode>> = {
  NotAllowedError: "permission_denied",
  SecurityError: "permission_denied",
  // Chromium and Safari want a click or a key press just before a share.
  InvalidStateError: "needs_gesture",
  NotFoundError: "no_device",
  OverconstrainedError: "no_device",
  NotReadableError: "device_busy",
  AbortError: "device_busy",
  NotSupportedError: "unsupported",
};
