/** Sound from a microphone. */

import { CaptureError, captureFailure } from "./failure.js";
import { AudioSource, type SourceOptions } from "./source.js";

export interface MicrophoneOptions extends SourceOptions {
  deviceId?: string;
  /** Removes what the loudspeakers play, at some cost in speech quality. */
  echoCancellation?: boolean;
  /** Off: recognisers are trained on noisy speech and suffer more from its removal. */
  noiseSuppression?: boolean;
  /** On: lifts a far voice. */
  autoGainControl?: boolean;
}

/** Asks for the microphone and starts capturing; rejects with a `CaptureError`. */
export async function microphone(options: MicrophoneOptions = {}): Promise<AudioSource> {
  requireMediaDevices();
  const audio: MediaTrackConstraints = {
    channelCount: 1,
    echoCancellation: options.echoCancellation ?? false,
    noiseSuppression: options.noiseSuppression ?? false,
    autoGainControl: options.autoGainControl ?? true,
    ...(options.deviceId === undefined ? {} : { deviceId: { exact: options.deviceId } }),
  };
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio });
  } catch (cause) {
    throw captureFailure(cause, "microphone");
  }
  return AudioSource.start(stream, options);
}

/** Browsers hide the devices from pages that did not come over https or from this machine. */
export function requireMediaDevices(): void {
  if (!globalThis.isSecureContext)
    throw new CaptureError("insecure_origin", "This page was not loaded from a secure address.");
  if (navigator.mediaDevices === undefined)
    throw new CaptureError("unsupported", "This browser does not let pages capture sound.");
}
