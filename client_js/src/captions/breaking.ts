/**
 * Where a line of text may end, and how wide text is, in any script.
 *
 * Spaces part words where a script has them. Chinese, Japanese, Thai and their like are cut between
 * words that `Intl.Segmenter` finds (between characters where there is none), but never so that a
 * line begins with closing punctuation or a small kana, or ends with an opening bracket: the rules
 * of JIS X 4051 as far as they matter to captions.
 */

export interface Token {
  readonly text: string;
  /** Whether a space parts it from the token before. */
  readonly spaced: boolean;
  /** Where its text ends in the text that was cut up, in UTF-16 units. */
  readonly end: number;
}

const NOT_FIRST = /^[\s.!?…。！？｡؟।,;:–—、，；：､،؛"'”’»›)\]}）］｝」』】〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%％]/u;
const ONLY_CLOSING = /^[.!?…。！？｡؟।,;:–—、，；：､،؛"'”’»›)\]}）］｝」』】〉》%％]+$/u;
const OPENER_LAST = /[([{（［｛「『【〈《“‘«‹¿¡]$/u;
const COMBINING = /^\p{M}/u;
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}\u3000-\u303f\uff00-\uffef]/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns that a text takes: wide characters two, combining ones none. */
export function columns(text: string): number {
  let sum = 0;
  for (const char of text) sum += ZERO.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return sum;
}

/** The smallest pieces that a line may end behind. */
export function tokens(text: string, language: string): Token[] {
  const found: Token[] = [];
  for (const match of text.matchAll(/\S+/gu)) {
    let at = match.index;
    let first = true;
    for (const piece of pieces(match[0], language)) {
      const end = at + piece.length;
      const last = found.at(-1);
      // French parts "?" from its word, and it still may not begin a line.
      if (first && last !== undefined && ONLY_CLOSING.test(piece))
        found[found.length - 1] = { text: `${last.text} ${piece}`, spaced: last.spaced, end };
      else found.push({ text: piece, spaced: first, end });
      at = end;
      first = false;
    }
  }
  return found;
}

/** A word too long for any line, cut between characters into parts that `fits` takes. */
export function chopped(word: string, fits: (text: string) => boolean): string[] {
  const parts: string[] = [];
  let part = "";
  for (const char of word) {
    if (part !== "" && !COMBINING.test(char) && !fits(part + char)) {
      parts.push(part);
      part = "";
    }
    part += char;
  }
  return part === "" ? parts : [...parts, part];
}

function pieces(word: string, language: string): string[] {
  if (!SPACELESS.test(word)) return [word];
  const parts: string[] = [];
  for (const piece of segmented(word, language)) {
    const last = parts.at(-1);
    if (last !== undefined && !cuttable(last, piece)) parts[parts.length - 1] = last + piece;
    else parts.push(piece);
  }
  return parts;
}

function cuttable(before: string, after: string): boolean {
  if (NOT_FIRST.test(after) || COMBINING.test(after) || OPENER_LAST.test(before)) return false;
  return SPACELESS.test(before.slice(-1)) || SPACELESS.test(after.slice(0, 1));
}

const segmenters = new Map<string, Intl.Segmenter>();

function segmented(word: string, language: string): string[] {
  if (typeof Intl.Segmenter !== "function") return [...word];
  let segmenter = segmenters.get(language);
  if (segmenter === undefined) {
    segmenter = new Intl.Segmenter(supported(language), { granularity: "word" });
    segmenters.set(language, segmenter);
  }
  return [...segmenter.segment(word)].map(({ segment }) => segment);
}

function supported(language: string): string[] {
  try {
    return language === "" ? [] : Intl.Segmenter.supportedLocalesOf(language);
  } catch {
    return [];
  }
}

const RIGHT_TO_LEFT = new Set(["ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"]);

/** The direction a language is written in; `auto` where it is not known. */
export function direction(language: string): "ltr" | "rtl" | "auto" {
  const [primary = ""] = language.toLowerCase().split("-");
  return primary === "" ? "auto" : RIGHT_TO_LEFT.has(primary) ? "rtl" : "ltr";
}
