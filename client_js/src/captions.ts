/** `wirescribe/captions`: messages → lines, and lines in a page. */

export {
  bcp47,
  CaptionModel,
  countWords,
  type CaptionChange,
  type CaptionLine,
} from "./captions/model.js";
export { CaptionsView, clock, type CaptionsViewOptions } from "./captions/view.js";
