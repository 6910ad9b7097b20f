/** What somebody typed as the words that may come up → the list that the server takes. Pure. */

const MOST = 100;
const LONGEST = 64;

export function readHotwords(typed: string): string[] {
  const words = typed
    .split(/[,;\n、，；]/u)
    .map((word) => [...word.replace(/\s+/gu, " ").trim()].slice(0, LONGEST).join("").trim())
    .filter((word) => word !== "");
  return [...new Set(words)].slice(0, MOST);
}
