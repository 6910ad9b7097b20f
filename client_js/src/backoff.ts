/**
 * When to try again after a lost connection.
 *
 * Full jitter under a doubling cap, so that many clients of one restarted server spread out
 * (Brooker, "Exponential Backoff And Jitter", 2015). What the server asks for is a lower bound.
 */

export interface BackoffOptions {
  /** First cap in milliseconds. */
  baseMs: number;
  /** Largest cap in milliseconds. */
  maxMs: number;
  /** Tries before giving up. */
  attempts: number;
}

export const defaultBackoff: BackoffOptions = { baseMs: 500, maxMs: 10_000, attempts: 12 };

/** "Now", but not all clients of a server in the same millisecond. */
const AT_ONCE_MS = 100;

/**
 * Milliseconds to wait before try number `attempt` (from 0); `undefined` when it is time to give up.
 * `atOnce` is for a server that asks to be left for another: its first try waits for next to nothing.
 */
export function backoffMs(
  attempt: number,
  options: BackoffOptions = defaultBackoff,
  retryAfterMs = 0,
  random: () => number = Math.random,
  atOnce = false,
): number | undefined {
  if (attempt >= options.attempts) return undefined;
  let cap = Math.min(options.maxMs, options.baseMs * 2 ** attempt);
  if (atOnce && attempt === 0) cap = Math.min(cap, AT_ONCE_MS);
  return Math.round(retryAfterMs + random() * cap);
}
