/** Events with any number of listeners each; one that throws does not silence the others. */

export type Listener<T> = (value: T) => void;

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Adds a listener and returns the function that removes it again. */
  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
    const known = this.#listeners.get(name) ?? new Set<Listener<never>>();
    known.add(listener);
    this.#listeners.set(name, known);
    return () => this.off(name, listener);
  }

  off<K extends keyof Events>(name: K, listener: Listener<Events[K]>): void {
    this.#listeners.get(name)?.delete(listener);
  }

  once<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
    const remove = this.on(name, (value) => {
      remove();
      listener(value);
    });
    return remove;
  }

  protected emit<K extends keyof Events>(name: K, value: Events[K]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[K]>)(value);
      } catch (error) {
        // Reported where uncaught errors go, after the others have heard of the event.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
