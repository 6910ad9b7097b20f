/** Heeding an `AbortSignal`. */

/** Calls `run` when `signal` aborts, at once if it has; returns the function that forgets it. */
export function heed(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted) run();
  else signal?.addEventListener("abort", run, { once: true });
  return () => signal?.removeEventListener("abort", run);
}
