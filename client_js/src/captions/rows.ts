/**
 * Words filled into rows, so that a row once filled stays as it is.
 *
 * Where words change, the breaks outside of the change stay: a correction near the end leaves the
 * rows above alone, and one in the middle moves nothing that still fits.
 */

import { chopped, type Token } from "./breaking.js";

export type Fits = (text: string) => boolean;

/** Index of the first word of each row. */
export type Breaks = readonly number[];

/** The text of the words from `from` to before `to`. */
export function joined(words: readonly Pick<Token, "text" | "spaced">[], from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i += 1) {
    const word = words[i] as Token;
    text += (word.spaced && i > from ? " " : "") + word.text;
  }
  return text;
}

/** Breaks for `words`; `wanted` are breaks that stay wherever both rows around them fit. */
export function fill(words: readonly Pick<Token, "text" | "spaced">[], wanted: Breaks, fits: Fits): number[] {
  if (words.length === 0) return [];
  const keep = new Set(wanted);
  const breaks = [0];
  for (let i = 1; i < words.length; i += 1) {
    const start = breaks.at(-1) as number;
    if (!keep.has(i) && fits(joined(words, start, i + 1))) continue;
    breaks.push(i);
  }
  return breaks;
}

/** Breaks of `before` as they lie in `after`; those within what changed are dropped. */
export function carried(before: readonly string[], after: readonly string[], breaks: Breaks): number[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const moved: number[] = [];
  for (const at of breaks) {
    if (at <= head && at < after.length) moved.push(at);
    else if (at >= before.length - tail) moved.push(at + after.length - before.length);
  }
  return moved.filter((at) => at > 0 && at < after.length);
}

/** Words none of which is wider than a row. */
export function cut<T extends Token>(words: readonly T[], fits: Fits): T[] {
  return words.flatMap((word) => {
    if (fits(word.text)) return [word];
    let end = word.end - word.text.length;
    return chopped(word.text, fits).map((text, i) => ({
      ...word, text, spaced: i === 0 && word.spaced, end: (end += text.length),
    }));
  });
}
