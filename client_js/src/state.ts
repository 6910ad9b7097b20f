/**
 * The life of a transcriber, as one table.
 *
 *   idle → connecting → (queued) → open → stopping → closed
 *                            ↑       ↕        ↓
 *                            └──── reconnecting       (every state may go to closed)
 */

export type State =
  | "idle"
  | "connecting"
  | "queued"
  | "open"
  | "reconnecting"
  | "stopping"
  | "closed";

const moves: Readonly<Record<State, readonly State[]>> = {
  idle: ["connecting", "closed"],
  connecting: ["queued", "open", "closed"],
  queued: ["open", "reconnecting", "closed"],
  open: ["reconnecting", "stopping", "closed"],
  reconnecting: ["queued", "open", "closed"],
  stopping: ["reconnecting", "closed"],
  closed: [],
};

export function mayMove(from: State, to: State): boolean {
  return moves[from].includes(to);
}

export class StateMachine {
  #state: State = "idle";

  get state(): State {
    return this.#state;
  }

  /** Moves, or throws: an illegal move is a defect of this package, not of its caller. */
  move(to: State): State {
    const from = this.#state;
    if (!mayMove(from, to)) throw new Error(`a transcriber cannot go from ${from} to ${to}`);
    this.#state = to;
    return from;
  }
}
