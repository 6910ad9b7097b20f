/**
 * Keeps an audio context awake.
 *
 * Browsers start contexts suspended until the reader has done something on the page, and suspend
 * or (Safari on a phone) interrupt them for a call, a lock screen, another app. What wakes them:
 * asking again, which works where the browser has no objection; the next gesture, where it has;
 * and the page coming back into sight.
 */

/** The standard's states, and Safari's own. */
export type ContextState = "running" | "suspended" | "interrupted" | "closed";

/** Whatever may count as a gesture, in some browser. */
const GESTURES = ["pointerdown", "pointerup", "touchend", "keydown"] as const;
const LISTENING = { capture: true, passive: true } as const;

export function stateOf(context: AudioContext): ContextState {
  return context.state as ContextState;
}

/** Asks for sound; resolves when it runs, or after `ms` whether or not it does. */
export async function wake(context: AudioContext, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Firefox and Safari leave the promise open for as long as they wait for a gesture.
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([context.resume().catch(() => undefined), patience]);
  clearTimeout(timer);
}

/** Wakes `context` whenever it falls asleep; tells `changed` of its states until it is released. */
export function keepAwake(context: AudioContext, changed: () => void): () => void {
  const page = globalThis.document;
  const ask = () => {
    const state = stateOf(context);
    if (state !== "running" && state !== "closed") void context.resume().catch(() => undefined);
  };
  const inSight = () => page.visibilityState === "visible" && ask();
  context.onstatechange = () => {
    // Asking during a call changes nothing, and ends in an error.
    if (stateOf(context) === "suspended") ask();
    changed();
  };
  for (const gesture of GESTURES) page.addEventListener(gesture, ask, LISTENING);
  page.addEventListener("visibilitychange", inSight);
  return () => {
    context.onstatechange = null;
    for (const gesture of GESTURES) page.removeEventListener(gesture, ask, LISTENING);
    page.removeEventListener("visibilitychange", inSight);
  };
}
