/** `wirescribe/captions`: messages → lines, without a document. `wirescribe/live-captions` shows them. */

export { clock } from "./captions/clock.js";
export {
  bcp47,
  CaptionModel,
  countWords,
  type CaptionChange,
  type CaptionLine,
} from "./captions/model.js";
