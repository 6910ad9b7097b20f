/** Why sound could not be captured, with a `code` that a page can explain. */

export type CaptureCode =
  | "insecure_origin"
  | "unsupported"
  | "permission_denied"
  | "cancelled"
  | "no_device"
  | "device_busy"
  | "no_tab_audio"
  | "worklet_failed"
  | "device_lost";

export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly code: CaptureCode;

  constructor(code: CaptureCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Reads what `getUserMedia` or `getDisplayMedia` rejected with (W3C Media Capture and Streams). */
export function captureFailure(cause: unknown, kind: "microphone" | "tab"): CaptureError {
  const name = cause instanceof Error ? cause.name : "";
  const code = codes[name] ?? "unsupported";
  // Closing the browser's chooser and refusing it for good look the same to a page.
  const known = kind === "tab" && code === "permission_denied" ? "cancelled" : code;
  return new CaptureError(known, cause instanceof Error ? cause.message : String(cause), cause);
}

const codes: Readonly<Record<string, CaptureCode>> = {
  NotAllowedError: "permission_denied",
  SecurityError: "permission_denied",
  NotFoundError: "no_device",
  OverconstrainedError: "no_device",
  NotReadableError: "device_busy",
  AbortError: "device_busy",
  NotSupportedError: "unsupported",
};
