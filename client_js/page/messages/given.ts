/** What the words about a failure may refer to. */

export interface Given {
  /** Of this page's address. */
  port: string;
  /** What the server said about it, introduced as such; empty where it said nothing. */
  said: string;
  /** When to try again, as a sentence. */
  later: string;
  /** A technical word on it. */
  detail: string;
}
