/** Each failure in plain words, with what to do about it. Pure. */

import { CaptureError } from "../src/capture.js";
import { TranscriberError } from "../src/index.js";

export interface Explanation {
  title: string;
  advice: string[];
}

const WANTS_KEY = 4401;

/** Whether a key, or another one, is what the server lets in. */
export function wantsKey(error: unknown): boolean {
  return error instanceof TranscriberError && error.closeCode === WANTS_KEY;
}

/** `origin` is the page's own address, for advice that names it. */
export function explain(error: unknown, origin: string): Explanation {
  if (error instanceof CaptureError) return ofCapture(error, origin);
  if (error instanceof TranscriberError) return ofSession(error);
  return {
    title: "Something unexpected went wrong",
    advice: [error instanceof Error ? error.message : String(error), "Reload the page and try again."],
  };
}

function ofCapture(error: CaptureError, origin: string): Explanation {
  const port = safePort(origin);
  switch (error.code) {
    case "insecure_origin":
      return {
        title: "The browser keeps the microphone from this address",
        advice: [
          "Pages may use a microphone only over https, or from the machine itself.",
          `On the server’s own machine, open http://127.0.0.1:${port} instead.`,
          `From another machine, run: ssh -L ${port}:127.0.0.1:${port} SERVER and open http://127.0.0.1:${port} there. For more people, put the server behind https.`,
        ],
      };
    case "unsupported":
      return {
        title: "This browser can’t capture that sound",
        advice: [
          "For the microphone, use a current Chrome, Edge, Firefox or Safari.",
          "For the sound of a tab, use Chrome or Edge on a computer.",
        ],
      };
    case "permission_denied":
      return {
        title: "The microphone is not allowed",
        advice: [
          "Click the icon to the left of the address, allow the microphone for this page, then try again.",
          "If it stays blocked, look at the privacy settings of your system: the browser itself needs the permission too.",
        ],
      };
    case "cancelled":
      return {
        title: "No tab was shared",
        advice: ["Try again, choose a tab, and switch “Also share tab audio” on."],
      };
    case "no_device":
      return {
        title: "No microphone was found",
        advice: [
          "Plug one in, or switch on the headset.",
          "Check that your system lists it under its sound settings, then try again.",
        ],
      };
    case "device_busy":
      return {
        title: "The microphone can’t be used right now",
        advice: ["Another program may be holding it. Close calls and recorders, then try again."],
      };
    case "no_tab_audio":
      return {
        title: "The tab came without its sound",
        advice: [
          "Try again, choose a tab rather than a window, and switch “Also share tab audio” on.",
          "The sound of whole windows can’t be shared.",
        ],
      };
    case "device_lost":
      return {
        title: "The sound ended",
        advice: ["The microphone was unplugged or the share was ended. What was said is kept above."],
      };
    case "worklet_failed":
      return {
        title: "The sound could not be processed",
        advice: ["Reload the page. If it happens again, try another browser.", error.message],
      };
  }
}

function ofSession(error: TranscriberError): Explanation {
  switch (error.code) {
    case "overloaded":
      return {
        title: "The server is full",
        advice: [
          `All places are taken. ${tryAgain(error.retryAfterMs)}`,
          "Whoever runs the server can allow more sessions at a time.",
        ],
      };
    case "restarting":
    case "draining":
    case "going_away":
      return {
        title: "The server is restarting",
        advice: ["Give it a moment, then try again.", "What was said so far is kept above."],
      };
    case "connection_lost":
    case "connect_timeout":
    case "closed":
      return {
        title: "The server can’t be reached",
        advice: [
          "Check that the server is running and that this device is on the network, then try again.",
          "What was said so far is kept above.",
        ],
      };
    case "too_slow":
    case "client_too_slow":
      return {
        title: "The network is too slow",
        advice: ["Live sound needs about 0.3 Mbit/s upwards. Move closer to the access point and try again."],
      };
    case "stop_timeout":
      return {
        title: "The last words did not arrive",
        advice: ["The server took too long. What is shown above is all it said."],
      };
    case "internal":
      return {
        title: "The server failed",
        advice: ["Try again. If it happens again, its log says more.", said(error)],
      };
    default:
      break;
  }
  switch (error.closeCode) {
    case WANTS_KEY:
      return {
        title: "The server wants a key",
        advice: [
          "Ask whoever runs it for a key, or for a link that brings one along.",
          "What you enter is kept in this tab only, until you close it.",
          said(error),
        ],
      };
    case 4403:
      return {
        title: "This address may not use the server",
        advice: ["Whoever runs it must add this page’s address to the allowed origins.", said(error)],
      };
    case 4408:
      return { title: "Nothing was heard for too long", advice: ["Start again when you like."] };
    case 4429:
      return { title: "The quota is used up", advice: [tryAgain(error.retryAfterMs), said(error)] };
    case 4440:
      return {
        title: "The session reached its longest time",
        advice: ["Start again to go on. What was said is kept above."],
      };
    default:
      return {
        title: error.retryable ? "The session was interrupted" : "The server refused the session",
        advice: [said(error), error.retryable ? "Try again." : "Change the settings and try again."],
      };
  }
}

function said(error: TranscriberError): string {
  return `The server says: ${error.message}`;
}

function tryAgain(afterMs: number | undefined): string {
  if (afterMs === undefined || afterMs <= 0) return "Try again in a minute.";
  const seconds = Math.ceil(afterMs / 1000);
  return seconds < 90
    ? `Try again in ${seconds} s.`
    : `Try again in ${Math.ceil(seconds / 60)} minutes.`;
}

function safePort(origin: string): string {
  try {
    return new URL(origin).port || "8000";
  } catch {
    return "8000";
  }
}
