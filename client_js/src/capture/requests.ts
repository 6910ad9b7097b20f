/** Asking the browser for sound: what it is told, and what its answers mean. */

import { CaptureError, captureFailure } from "./failure.js";

export interface MicrophoneSettings {
  /** One of `microphones()`; the system's choice without it. */
  deviceId?: string | undefined;
  /**
   * Removes what the loudspeakers play, at some cost in speech quality. Off, but for `mixed()`,
   * where it keeps the tab's voices out of the microphone's channel.
   */
  echoCancellation?: boolean;
  /** Off: recognisers are trained on noisy speech and suffer more from its removal. */
  noiseSuppression?: boolean;
  /** On: lifts a far voice. */
  autoGainControl?: boolean;
  /** Goes on with the system's microphone where the one in use is unplugged; `device` tells of it. */
  fallback?: boolean;
}

export interface TabSettings {
  /** Keeps the tab from being heard here while its sound is captured. */
  suppressLocalAudioPlayback?: boolean;
  /** Offers the page's own tab as well, which is left out otherwise. */
  includeCurrentTab?: boolean;
}

/** What TypeScript's DOM library does not know yet (W3C Screen Capture). */
interface DisplayOptions extends DisplayMediaStreamOptions {
  selfBrowserSurface: "include" | "exclude";
  systemAudio: "include" | "exclude";
}

/** Browsers hide the devices from pages that did not come over https or from this machine. */
export function requireMediaDevices(): void {
  if (!globalThis.isSecureContext)
    throw new CaptureError("insecure_origin", "This page was not loaded from a secure address.");
  if (navigator.mediaDevices === undefined)
    throw new CaptureError("unsupported", "This browser does not let pages capture sound.");
}

export async function openMicrophone(settings: MicrophoneSettings): Promise<MediaStream> {
  const { deviceId } = settings;
  const audio: MediaTrackConstraints = {
    channelCount: 1,
    echoCancellation: settings.echoCancellation ?? false,
    noiseSuppression: settings.noiseSuppression ?? false,
    autoGainControl: settings.autoGainControl ?? true,
    ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } }),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (cause) {
    throw captureFailure(cause, "microphone");
  }
}

/**
 * Whether this browser can share the sound of a tab. Firefox and Safari have `getDisplayMedia`
 * and never give sound with it; what they lack is the constraint for what to do with that sound.
 */
export function canCaptureTab(): boolean {
  const devices = globalThis.navigator?.mediaDevices as MediaDevices | undefined;
  if (typeof devices?.getDisplayMedia !== "function") return false;
  const known = devices.getSupportedConstraints() as Record<string, boolean | undefined>;
  return known["suppressLocalAudioPlayback"] === true;
}

export async function openTab(settings: TabSettings): Promise<MediaStream> {
  if (!canCaptureTab())
    throw new CaptureError(
      "tab_audio_unsupported",
      "This browser does not share the sound of a tab; Chrome and Edge on a computer do.",
      { input: "tab" },
    );
  const audio = {
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
    suppressLocalAudioPlayback: settings.suppressLocalAudioPlayback ?? false,
  };
  const options: DisplayOptions = {
    // A share without a picture is refused.
    video: { frameRate: 1, displaySurface: "browser" },
    audio,
    selfBrowserSurface: settings.includeCurrentTab === true ? "include" : "exclude",
    systemAudio: "include",
  };
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia(options);
  } catch (cause) {
    throw captureFailure(cause, "tab");
  }
  if (stream.getAudioTracks().length === 0) {
    for (const track of stream.getTracks()) track.stop();
    throw new CaptureError("no_tab_audio", "The share came without sound.", { input: "tab" });
  }
  // Nobody looks at the picture; the sound goes on without it.
  for (const track of stream.getVideoTracks()) track.stop();
  return stream;
}
