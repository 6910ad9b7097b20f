/**
 * Where the reader is in a transcript: at its end, following, or further up, reading.
 *
 * While text is live its end never rises: when a guess gets shorter again, a slack below takes up
 * the difference, so that the lines above stay where the eye is.
 */

import type { History } from "./history.js";

/** Distance from the end that still counts as being there. */
const NEAR_PX = 32;

export class Scroll {
  readonly #port: HTMLElement;
  readonly #history: History;
  readonly #tail: HTMLElement;
  readonly #slack: HTMLElement;
  readonly #onFollow: (following: boolean) => void;
  readonly #observer: ResizeObserver;
  readonly #motion: MediaQueryList;
  #following = true;
  #floor = 0;
  #lastTop = 0;
  #width = 0;

  constructor(
    port: HTMLElement,
    history: History,
    tail: HTMLElement,
    slack: HTMLElement,
    onFollow: (following: boolean) => void,
  ) {
    this.#port = port;
    this.#history = history;
    this.#tail = tail;
    this.#slack = slack;
    this.#onFollow = onFollow;
    const view = port.ownerDocument.defaultView ?? globalThis;
    this.#motion = view.matchMedia("(prefers-reduced-motion: no-preference)");
    port.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#observer = new view.ResizeObserver(() => this.#resized());
    this.#observer.observe(port);
  }

  /** To be called after each change of the text. */
  changed(): void {
    const height = this.#tail.offsetHeight;
    this.#floor = Math.max(this.#floor, height);
    this.#slack.style.blockSize = `${this.#floor - height}px`;
    if (this.#following) this.#toEnd(this.#motion.matches);
    this.#fill();
  }

  /** So much of the tail's height has become history. */
  moved(height: number): void {
    this.#floor = Math.max(0, this.#floor - height);
  }

  /** Drops the slack: after a clear, or when lines were laid out anew. */
  reset(): void {
    this.#floor = 0;
    this.#history.forget();
    this.changed();
    if (this.#following) this.#toEnd(false);
  }

  follow(): void {
    this.#setFollowing(true);
    this.#toEnd(false);
    this.#fill();
  }

  /** Goes to a position in the history. */
  reach(top: number): void {
    this.#setFollowing(false);
    this.#to(top - this.#port.clientHeight / 3);
    this.#fill();
  }

  /** Brings an element into the middle. */
  show(element: HTMLElement): void {
    this.#setFollowing(false);
    const [box, port] = [element.getBoundingClientRect(), this.#port.getBoundingClientRect()];
    this.#to(this.#port.scrollTop + box.top - port.top - (port.height - box.height) / 2);
    this.#fill();
  }

  dispose(): void {
    this.#observer.disconnect();
  }

  #toEnd(smooth: boolean): void {
    const { scrollHeight, clientHeight, scrollTop } = this.#port;
    const top = scrollHeight - clientHeight;
    // A long way is no motion to follow with the eyes.
    if (smooth && top - scrollTop < clientHeight / 2) this.#port.scrollTo({ top, behavior: "smooth" });
    else this.#to(top);
  }

  #to(top: number): void {
    this.#port.scrollTo({ top, behavior: "instant" });
    this.#lastTop = this.#port.scrollTop;
  }

  /** Puts the history that is in view, and as much again on both sides, into the document. */
  #fill(): void {
    const { clientHeight, scrollTop } = this.#port;
    if (clientHeight === 0) return;
    const top = scrollTop - this.#history.root.offsetTop;
    const anchor = this.#anchor();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    this.#history.reach(top - clientHeight, top + 2 * clientHeight);
    if (anchor?.isConnected !== true) return;
    const moved = anchor.getBoundingClientRect().top - before;
    if (Math.abs(moved) >= 1) this.#to(this.#port.scrollTop + moved);
  }

  /** Something in view that stays in the document. */
  #anchor(): Element | undefined {
    const { top, bottom } = this.#port.getBoundingClientRect();
    const seen = (element: Element) => {
      const box = element.getBoundingClientRect();
      return box.bottom > top && box.top < bottom;
    };
    return [...this.#history.root.querySelectorAll(".line"), this.#tail].find(seen);
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#port;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    // Only the reader moves the text down; the page and its layout never do.
    if (atEnd) this.#setFollowing(true);
    else if (scrollTop < this.#lastTop - 1) this.#setFollowing(false);
    this.#lastTop = scrollTop;
    this.#fill();
  }

  #resized(): void {
    const width = this.#port.clientWidth;
    if (width !== this.#width) {
      this.#width = width;
      this.reset();
    } else if (this.#following) this.#toEnd(false);
  }

  #setFollowing(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    this.#onFollow(following);
  }
}
