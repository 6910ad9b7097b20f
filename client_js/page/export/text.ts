/** Where text may be broken, in any script: the rules of the server's captions. */

import { charWidth, isWide } from "./width.js";

const SENTENCE_ENDS = new Set(".!?…。！？｡؟।");
const CLAUSE_ENDS = new Set(",;:–—、，；：､،؛");
const CLOSERS = new Set("\"'”’»›)]}）］｝」』】〉》");
const OPENERS = new Set("([{（［｛「『【〈《“‘«‹¿¡");
const NOT_FIRST = new Set([
  ...SENTENCE_ENDS, ...CLAUSE_ENDS, ...CLOSERS, ..."ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%％",
]);
// Thai, Lao, Tibetan, Myanmar and Khmer, too, are written without spaces between words.
const SPACELESS = /[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]/u;
const HANGUL = /[\uac00-\ud7a3]/u;
const MARK = /\p{M}/u;

/** A text with one space between words and none around, fit to be written in UTF-8. */
export function clean(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd").replace(/[\p{Cc}\p{White_Space}]+/gu, " ").trim();
}

/** A word cut between characters of scripts that are written without spaces. */
export function clusters(word: string): string[] {
  const cut: string[] = [];
  let before = "";
  for (const char of word) {
    if (before !== "" && !cuttable(before, char)) cut[cut.length - 1] += char;
    else cut.push(char);
    before = char;
  }
  return cut;
}

/**
 * Whether a line may end between two pieces of text, `spaced` if a space is between: not before
 * closing punctuation (French puts a space before "?", which still may not begin a line), not after
 * opening punctuation, and without a space only in scripts that are written without.
 */
export function breakable(before: string, after: string, spaced: boolean): boolean {
  if (spaced) return ![...after].every((char) => NOT_FIRST.has(char));
  return cuttable([...before].at(-1) as string, [...after][0] as string);
}

function cuttable(before: string, after: string): boolean {
  if (!(spaceless(before) || spaceless(after)) || MARK.test(after)) return false;
  return !NOT_FIRST.has(after) && !OPENERS.has(before) && charWidth(after) > 0;
}

function spaceless(char: string): boolean {
  // Korean is wide, and has spaces.
  return !HANGUL.test(char) && (isWide(char) || SPACELESS.test(char));
}

/** Whether a text ends in a full stop or its like, quotes and brackets aside. */
export function endsSentence(text: string): boolean {
  return SENTENCE_ENDS.has(last(text));
}

/** Whether a text ends in a comma or its like, quotes and brackets aside. */
export function endsClause(text: string): boolean {
  return CLAUSE_ENDS.has(last(text));
}

function last(text: string): string {
  const chars = [...text];
  let end = chars.length;
  while (end > 0 && CLOSERS.has(chars[end - 1] as string)) end -= 1;
  return chars[(end > 0 ? end : chars.length) - 1] ?? "";
}
