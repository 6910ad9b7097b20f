/**
 * Gets the worklet into an audio context: from its own address, else from the inlined copy.
 *
 * The copy is loaded from a Blob, for which a strict Content-Security-Policy needs
 * `script-src blob:` (some browsers read `worker-src`).
 */

import workletSource from "inline:worklet";
import { CaptureError } from "./failure.js";

export async function loadWorklet(context: AudioContext, url?: string | URL): Promise<void> {
  if (!("audioWorklet" in context))
    throw new CaptureError("unsupported", "This browser has no AudioWorklet.");
  if (url !== undefined) {
    try {
      await context.audioWorklet.addModule(url);
      return;
    } catch (cause) {
      console.warn("The audio worklet did not load from its address; using the inlined copy.", cause);
    }
  }
  const blob = URL.createObjectURL(new Blob([workletSource], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(blob);
  } catch (cause) {
    throw new CaptureError(
      "worklet_failed",
      "The audio worklet did not load. A Content-Security-Policy without `script-src blob:` needs the option workletUrl.",
      { cause },
    );
  } finally {
    URL.revokeObjectURL(blob);
  }
}
