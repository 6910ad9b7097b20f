/** A promise with its two ends. */

import type { TranscriberError } from "./errors.js";

export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: TranscriberError): void;
}

export function deferred<T>(): Deferred<T> {
  const made = {} as Deferred<T>;
  const promise = new Promise<T>((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise = quietly(promise);
  return made;
}

/** Who never asked for the promise is told by the `error` event instead. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
