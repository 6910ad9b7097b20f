/**
 * Sound of another tab or of the screen. Chromium only: tab sound everywhere, the whole system's
 * on Windows and ChromeOS.
 */

import { CaptureError, captureFailure } from "./failure.js";
import { requireMediaDevices } from "./microphone.js";
import { AudioSource, type SourceOptions } from "./source.js";

/** Whether this browser offers to share a screen at all. */
export function canCaptureTab(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

/** Lets the user choose a tab and starts capturing its sound; rejects with a `CaptureError`. */
export async function tab(options: SourceOptions = {}): Promise<AudioSource> {
  requireMediaDevices();
  if (!canCaptureTab())
    throw new CaptureError("unsupported", "This browser does not share the sound of a tab.");
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({
      // A share without a picture is refused; one frame a second is the least it can cost.
      video: { frameRate: 1 },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch (cause) {
    throw captureFailure(cause, "tab");
  }
  if (stream.getAudioTracks().length === 0) {
    for (const track of stream.getTracks()) track.stop();
    throw new CaptureError("no_tab_audio", "The share came without sound.");
  }
  return AudioSource.start(stream, options);
}
