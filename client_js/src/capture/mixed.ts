/** Several inputs at once, each on a channel of its own: microphone and tab, or streams one has. */

import { CaptureError } from "./failure.js";
import { openSource, type Wanted } from "./opening.js";
import { openMicrophone, openTab, type MicrophoneSettings, type TabSettings } from "./requests.js";
import type { AudioSource, SourceOptions } from "./source.js";

export interface MixedOptions extends SourceOptions {
  /** Echo cancellation is on here: without headphones the microphone hears the tab as well. */
  microphone?: MicrophoneSettings;
  tab?: TabSettings;
  /** Names of the two channels: the microphone's, the tab's. */
  channelNames?: readonly [microphone: string, tab: string];
}

/**
 * Microphone and tab at once: channel 0 and channel 1 of one session. Asks for the tab first, and
 * rejects with a `CaptureError` (its `input` says which) if one of them can't be had.
 */
export function mixed(options: MixedOptions = {}): Promise<AudioSource> {
  const settings = { echoCancellation: true, ...options.microphone };
  const [own, other] = options.channelNames ?? ["microphone", "tab"];
  const wanted: Wanted[] = [
    { name: own, kind: "microphone", open: () => openMicrophone(settings) },
    { name: other, kind: "tab", open: () => openTab(options.tab ?? {}) },
  ];
  return openSource(wanted, options, settings);
}

/**
 * Streams that the application has already, such as those of a call: a channel for each, with the
 * names given. Their tracks are left running by `stop()`.
 */
export function fromStreams(
  streams: Readonly<Record<string, MediaStream>>,
  options: SourceOptions = {},
): Promise<AudioSource> {
  const wanted = Object.entries(streams).map(([name, stream]): Wanted => {
    if (stream.getAudioTracks().length === 0)
      throw new CaptureError("no_device", `The stream ${JSON.stringify(name)} has no sound.`, { input: "stream" });
    return { name, kind: "stream", lent: true, open: () => Promise.resolve(stream) };
  });
  if (wanted.length === 0) throw new CaptureError("no_device", "There is no stream.", { input: "stream" });
  return openSource(wanted, options);
}
