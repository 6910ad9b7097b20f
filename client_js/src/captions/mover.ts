/** Moves an element by mouse, touch or keyboard, and keeps it within the window. */

const STEP_PX = 24;
const SMALL_STEP_PX = 4;

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface Offset {
  readonly x: number;
  readonly y: number;
}

export class Mover {
  readonly #target: HTMLElement;
  readonly #moved: (offset: Offset) => void;
  #offset: Offset = { x: 0, y: 0 };
  #from: { pointer: number; x: number; y: number; offset: Offset } | undefined;

  constructor(target: HTMLElement, moved: (offset: Offset) => void) {
    this.#target = target;
    this.#moved = moved;
  }

  /** Pixels from where the element would stand by itself. */
  get offset(): Offset {
    return this.#offset;
  }

  set offset(offset: Offset) {
    this.#offset = offset;
    this.#target.style.setProperty("--dx", `${offset.x}px`);
    this.#target.style.setProperty("--dy", `${offset.y}px`);
  }

  /** Lets `handle` be what is dragged. */
  attach(handle: HTMLElement): void {
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      this.#from = { pointer: event.pointerId, x: event.clientX, y: event.clientY, offset: this.#offset };
    });
    handle.addEventListener("pointermove", (event) => {
      if (this.#from?.pointer !== event.pointerId) return;
      const { x, y, offset } = this.#from;
      this.move({ x: offset.x + event.clientX - x, y: offset.y + event.clientY - y });
    });
    for (const over of ["pointerup", "pointercancel"] as const)
      handle.addEventListener(over, () => (this.#from = undefined));
    handle.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** Moves to an offset, as far as the window goes. */
  move(offset: Offset): void {
    this.offset = offset;
    this.clamp();
    this.#moved(this.#offset);
  }

  /** Brings the element back into the window, which may have become smaller. */
  clamp(): void {
    const { left, right, top, bottom } = this.#target.getBoundingClientRect();
    const { clientWidth, clientHeight } = this.#target.ownerDocument.documentElement;
    const { x, y } = this.#offset;
    this.offset = { x: x + inside(left, right, clientWidth), y: y + inside(top, bottom, clientHeight) };
  }

  #pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Home") this.move({ x: 0, y: 0 });
    else {
      const step = steps[event.key];
      if (step === undefined) return;
      const px = event.shiftKey ? SMALL_STEP_PX : STEP_PX;
      this.move({ x: this.#offset.x + step[0] * px, y: this.#offset.y + step[1] * px });
    }
    event.preventDefault();
  }
}

/** How far to shift what lies between `start` and `end` so that it lies between 0 and `room`. */
export function inside(start: number, end: number, room: number): number {
  if (start < 0 || end - start > room) return -start;
  return end > room ? room - end : 0;
}
