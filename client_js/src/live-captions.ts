/** `wirescribe/live-captions`: importing it makes `<live-captions>` known to the page. */

import { LiveCaptions } from "./captions/element.js";

// Two copies of this package on one page are no reason to fail.
if (globalThis.customElements?.get("live-captions") === undefined)
  globalThis.customElements?.define("live-captions", LiveCaptions);

export { LiveCaptions };
export type { CaptionsState } from "./captions/element.js";
