/** What the client itself finds to be wrong. */

import { TranscriberError } from "./errors.js";
import type { State } from "./state.js";

function failure(code: string, message: string, retryable: boolean): TranscriberError {
  return new TranscriberError({ code, message, retryable });
}

export const notOpen = (what: string, state: State) =>
  failure("not_open", `${what}() is not possible while the session is ${state}.`, false);
export const aborted = () => failure("aborted", "The session was aborted.", false);
export const lost = () => failure("connection_lost", "The server stopped answering.", true);
export const tokenFailed = (cause: unknown) =>
  failure("token_failed", `No token could be had: ${String(cause)}`, true);
export const tooLong = (bytes: number) =>
  failure("bad_option", `A chunk of ${bytes} bytes is longer than the buffer.`, false);
export const connectTimeout = () => failure("connect_timeout", "The server did not answer in time.", true);
export const stopTimeout = () =>
  failure("stop_timeout", "The last words did not arrive in time.", true);
