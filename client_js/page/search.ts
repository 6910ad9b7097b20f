/** Finds text in captions, without regard to case, accents and width. Pure. */

export interface SearchLine {
  readonly key: string;
  readonly text: string;
}

export interface Match {
  readonly key: string;
  /** Within the line's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

interface Folded {
  text: string;
  folded: string;
  /** Where in the text each unit of `folded` comes from. */
  origins: number[];
}

export class Search {
  /** Lines rarely change: most of them are folded once. */
  #known = new Map<string, Folded>();

  find(lines: Iterable<SearchLine>, query: string): Match[] {
    const wanted = fold(query.trim().replace(/\s+/gu, " ")).folded;
    if (wanted === "") return [];
    const matches: Match[] = [];
    const known = new Map<string, Folded>();
    for (const { key, text } of lines) {
      const before = this.#known.get(key);
      const line = before?.text === text ? before : fold(text);
      known.set(key, line);
      for (let at = line.folded.indexOf(wanted); at >= 0; at = line.folded.indexOf(wanted, at + wanted.length)) {
        const start = line.origins[at] as number;
        matches.push({ key, start, end: line.origins[at + wanted.length] ?? text.length });
      }
    }
    this.#known = known;
    return matches;
  }
}

function fold(text: string): Folded {
  let folded = "";
  const origins: number[] = [];
  let at = 0;
  for (const char of text) {
    const plain = char.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    for (let i = 0; i < plain.length; i += 1) origins.push(at);
    folded += plain;
    at += char.length;
  }
  return { text, folded, origins };
}
