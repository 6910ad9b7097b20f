/**
 * Follows the newest text, unless the reader scrolled up to read.
 *
 * The height never shrinks while text is live: when a tentative line gets shorter again, a slack
 * below takes up the difference, so that the lines above stay where the eye is.
 */

/** Distance from the end that still counts as being there. */
const NEAR_PX = 32;

export class Scroller {
  readonly #port: HTMLElement;
  readonly #content: HTMLElement;
  readonly #slack: HTMLElement;
  readonly #onFollow: (following: boolean) => void;
  #following = true;
  #floor = 0;
  #lastTop = 0;

  constructor(
    port: HTMLElement,
    content: HTMLElement,
    slack: HTMLElement,
    onFollow: (following: boolean) => void,
  ) {
    this.#port = port;
    this.#content = content;
    this.#slack = slack;
    this.#onFollow = onFollow;
    port.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(port);
  }

  get following(): boolean {
    return this.#following;
  }

  /** To be called after each change of the text. */
  changed(): void {
    const height = this.#content.offsetHeight;
    this.#floor = Math.max(this.#floor, height);
    this.#slack.style.blockSize = `${this.#floor - height}px`;
    if (this.#following) this.#toEnd();
  }

  /** Drops the slack: after a clear, or when lines were laid out anew. */
  reset(): void {
    this.#floor = 0;
    this.changed();
  }

  follow(): void {
    this.#setFollowing(true);
    this.#toEnd();
  }

  #toEnd(): void {
    this.#port.scrollTop = this.#port.scrollHeight;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#port;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    // Only the reader moves the text down; the page and its layout never do.
    if (atEnd) this.#setFollowing(true);
    else if (scrollTop < this.#lastTop - 1) this.#setFollowing(false);
    this.#lastTop = scrollTop;
  }

  #resized(): void {
    this.reset();
  }

  #setFollowing(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    this.#onFollow(following);
  }
}
