/** `wirescribe/capture`: sound from the browser, as 16 kHz 16-bit chunks, a channel for each input. */

export type { Level, PcmChunk } from "./capture/chunker.js";
export {
  microphones, watchMicrophones, type DeviceChange, type MicrophoneDevice,
} from "./capture/devices.js";
export { CaptureError, type CaptureCode, type InputKind } from "./capture/failure.js";
export type { InputInfo } from "./capture/input.js";
export { decibels, LevelMeter } from "./capture/meter.js";
export { microphone, type MicrophoneOptions } from "./capture/microphone.js";
export { fromStreams, mixed, type MixedOptions } from "./capture/mixed.js";
export { canCaptureTab, type MicrophoneSettings, type TabSettings } from "./capture/requests.js";
export { Resampler } from "./capture/resampler.js";
export {
  AudioSource, type SourceEvents, type SourceOptions, type SourceState,
} from "./capture/source.js";
export { tab, type TabOptions } from "./capture/tab.js";
