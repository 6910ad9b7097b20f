/** `wirescribe/capture`: sound from the browser, as 16 kHz 16-bit chunks. */

export type { PcmChunk } from "./capture/chunker.js";
export { CaptureError, type CaptureCode } from "./capture/failure.js";
export { microphone, type MicrophoneOptions } from "./capture/microphone.js";
export { Resampler } from "./capture/resampler.js";
export { AudioSource, type SourceEvents, type SourceOptions } from "./capture/source.js";
export { canCaptureTab, tab } from "./capture/tab.js";
