/** From what is wanted to a running source: in the right order, and all or nothing. */

import { heed } from "../signals.js";
import { CaptureError, captureAborted, type InputKind } from "./failure.js";
import type { Opened } from "./input.js";
import { requireMediaDevices, type MicrophoneSettings } from "./requests.js";
import { AudioSource, type SourceOptions } from "./source.js";

/** One channel that is wanted. */
export interface Wanted {
  name: string;
  kind: InputKind;
  open(): Promise<MediaStream>;
  lent?: boolean;
}

export async function openSource(
  wanted: readonly Wanted[],
  options: SourceOptions,
  settings: MicrophoneSettings = {},
): Promise<AudioSource> {
  requireMediaDevices();
  const { signal } = options;
  if (signal?.aborted) throw captureAborted();
  // Made and woken before anything is waited for: Safari lets only a gesture's own call do it.
  const context = new AudioContext({ latencyHint: "interactive" });
  void context.resume().catch(() => undefined);
  const opened = new Map<Wanted, Opened>();
  try {
    // The share first: it wants the gesture to be fresh, the microphone does not.
    for (const each of [...wanted].sort((a, b) => Number(b.kind === "tab") - Number(a.kind === "tab"))) {
      const { name, kind, lent = false } = each;
      opened.set(each, { name, kind, lent, stream: await unlessAborted(each, signal) });
    }
    const streams = wanted.map((each) => opened.get(each) as Opened);
    const source = await AudioSource.start(context, streams, options, settings);
    if (!signal?.aborted) return source;
    await source.stop();
    throw captureAborted();
  } catch (cause) {
    for (const each of opened.values()) if (each.lent !== true) release(each.stream);
    if (context.state !== "closed") await context.close();
    if (cause instanceof CaptureError) throw cause;
    throw new CaptureError("worklet_failed", String(cause), { cause });
  }
}

/** A question to the user can't be taken back; an answer that comes too late is let go. */
async function unlessAborted(wanted: Wanted, signal: AbortSignal | undefined): Promise<MediaStream> {
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    forget = heed(signal, () => reject(captureAborted()));
  });
  const opening = wanted.open();
  try {
    return await Promise.race([aborted, opening]);
  } catch (cause) {
    if (signal?.aborted && wanted.lent !== true) void opening.then(release, () => undefined);
    throw cause;
  } finally {
    forget();
  }
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
