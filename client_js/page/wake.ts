/** Keeps the screen on while someone reads along; given up silently where a browser can't. */

export class WakeLock {
  #held: WakeLockSentinel | undefined;
  #wanted = false;

  constructor() {
    // The system lets go when the page is hidden.
    document.addEventListener("visibilitychange", () => {
      if (this.#wanted && document.visibilityState === "visible") void this.hold();
    });
  }

  async hold(): Promise<void> {
    this.#wanted = true;
    try {
      this.#held = await navigator.wakeLock.request("screen");
      if (!this.#wanted) this.release();
    } catch {
      // Battery saver, no support, no secure context: captions work all the same.
    }
  }

  release(): void {
    this.#wanted = false;
    void this.#held?.release();
    this.#held = undefined;
  }
}
