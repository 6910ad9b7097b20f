/** Whether the server would take a session at once, asked now and then while nothing runs. */

const EVERY_MS = 15_000;
const PATIENCE_MS = 5000;

/** What `/readyz` says, in the cases that a reader should know of. */
export type Readiness = "ready" | "full" | "loading" | "restarting" | "degraded" | "gone";

export class ReadinessWatch {
  readonly #url: URL;
  readonly #changed: () => void;
  #now: Readiness = "ready";
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(url: URL, changed: () => void) {
    this.#url = url;
    this.#changed = changed;
    document.addEventListener("visibilitychange", () => this.#timer !== undefined && void this.#ask());
  }

  get now(): Readiness {
    return this.#now;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#ask(), EVERY_MS);
    void this.#ask();
  }

  /** While something runs, what comes of it says more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#now = "ready";
  }

  async #ask(): Promise<void> {
    if (document.visibilityState === "hidden") return;
    const now = await this.#answer();
    if (this.#timer === undefined || now === this.#now) return;
    this.#now = now;
    this.#changed();
  }

  async #answer(): Promise<Readiness> {
    try {
      const answer = await fetch(this.#url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      return readinessOf(answer.status, await answer.text());
    } catch {
      return "gone";
    }
  }
}

/** The word of the probe as the reader needs it; what isn't known says nothing. Pure. */
export function readinessOf(status: number, word: string): Readiness {
  if (status !== 503) return "ready";
  switch (word.trim()) {
    case "full":
      return "full";
    case "starting":
    case "loading":
      return "loading";
    case "draining":
    case "stopped":
      return "restarting";
    case "degraded":
    case "failed":
      return "degraded";
    default:
      return "ready";
  }
}
