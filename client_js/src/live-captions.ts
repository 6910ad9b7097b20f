/** `wirescribe/live-captions`: importing it makes `<live-captions>` known to the page. */

import { LiveCaptions } from "./captions/element.js";

// Two copies of this package on one page are no reason to fail.
if (globalThis.customElements?.get("live-captions") === undefined)
  globalThis.customElements?.define("live-captions", LiveCaptions);

declare global {
  interface HTMLElementTagNameMap {
    "live-captions": LiveCaptions;
  }
}

export type { SessionSettings } from "./captions/attributes.js";
export type { CaptionsState, LiveCaptionsEvents } from "./captions/element.js";
export type { CaptionChange, CaptionLine, CaptionModel } from "./captions/model.js";
export type { Offset } from "./captions/mover.js";
export type { Mode, Position, Size, Source } from "./captions/settings.js";
export type { Mark } from "./captions/surface.js";
export type { Words } from "./captions/words.js";
export { SIZES } from "./captions/settings.js";
export { LiveCaptions };
