/** Sound from a microphone. */

import { openSource } from "./opening.js";
import { openMicrophone, type MicrophoneSettings } from "./requests.js";
import type { AudioSource, SourceOptions } from "./source.js";

export interface MicrophoneOptions extends SourceOptions, MicrophoneSettings {}

/** Asks for the microphone and starts capturing; rejects with a `CaptureError`. */
export function microphone(options: MicrophoneOptions = {}): Promise<AudioSource> {
  const open = () => openMicrophone(options);
  return openSource([{ name: "microphone", kind: "microphone", open }], options, options);
}
