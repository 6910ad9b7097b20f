/**
 * The key or token that the server wants: from a link, or typed in when it is asked for.
 *
 * A link such as https://host/#token=… carries it in the fragment, which no server and no proxy
 * sees; it is taken out of the address bar at once. It is kept for this tab only, and is gone with
 * it.
 */

const NAME = "wirescribe.key";

export class Key {
  #value: string | undefined;

  constructor() {
    this.#value = stored();
    this.takeFromAddress();
  }

  get value(): string | undefined {
    return this.#value;
  }

  /** Takes the one of a link, if there is one. */
  takeFromAddress(): void {
    const fields = new URLSearchParams(location.hash.slice(1));
    const token = fields.get("token");
    if (token === null) return;
    fields.delete("token");
    const rest = fields.size > 0 ? `#${fields}` : "";
    history.replaceState(history.state, "", location.pathname + location.search + rest);
    if (token !== "") this.set(token);
  }

  set(value: string): void {
    this.#value = value.trim() || undefined;
    try {
      if (this.#value === undefined) sessionStorage.removeItem(NAME);
      else sessionStorage.setItem(NAME, this.#value);
    } catch {
      // Storage may be blocked; until the page is left, it is known all the same.
    }
  }

  /** Forgets one that was refused. */
  forget(): void {
    this.set("");
  }
}

function stored(): string | undefined {
  try {
    return sessionStorage.getItem(NAME) ?? undefined;
  } catch {
    return undefined;
  }
}
