/**
 * The API reference: each entry's exports with their comments, from the declarations that are
 * published. One Markdown file for each entry, into docs/api-js.
 *
 * Read from what TypeScript writes, whose layout is regular: a declaration begins in the first
 * column and ends with a line `}` or a `;`. (typedoc does not run on this TypeScript.)
 */

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { root } from "./bundle.mjs";

export const committedApi = path.join(root, "..", "docs", "api-js");

const DECLARATION = /^(?:export )?(?:declare )?(?:abstract )?(class|interface|type|function|const) (\w+)/;
const SECTIONS = { function: "Functions", class: "Classes", const: "Values", interface: "Types", type: "Types" };

/**
 * Writes the reference of the package whose declarations lie in `types` into `folder`. Returns
 * what is wrong with them: types that signatures name, and that no caller can.
 */
export async function writeApi(types, folder) {
  const { name, exports } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const files = new Map();
  const entries = [];
  for (const [subpath, target] of Object.entries(exports)) {
    if (target.types === undefined) continue;
    const file = path.join(types, path.relative("dist", target.types));
    entries.push({ title: path.posix.join(name, subpath), ...(await entryOf(file, files)) });
  }
  const known = new Set(entries.flatMap(({ exported }) => exported.map((each) => each.name)));
  const faults = [];
  for (const entry of entries) {
    for (const each of entry.exported) faults.push(...hidden(each, known, files));
    const at = path.join(folder, `${entry.title.replaceAll("/", "-")}.md`);
    await writeFile(at, page(entry, entries));
  }
  return faults;
}

async function entryOf(file, files) {
  const text = await readFile(file, "utf8");
  const exported = [];
  for (const [, names, from] of text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from "(.+)")?;/gm)) {
    for (const name of names.split(",").map((each) => each.replace("type ", "").trim())) {
      if (name === "") continue;
      const source = from ?? text.match(new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from "(.+)"`))?.[1];
      const declared = await declarations(path.join(path.dirname(file), source), files);
      const found = declared.get(name);
      if (found === undefined) throw new Error(`${name} is not declared in ${source}`);
      exported.push(found);
    }
  }
  return { about: comment(text.match(/^\/\*\*[^]*?\*\//)?.[0] ?? ""), exported };
}

/** What a file of declarations declares, by name. */
async function declarations(script, files) {
  const known = files.get(script);
  if (known !== undefined) return known;
  const found = new Map();
  files.set(script, found);
  const lines = (await readFile(script.replace(/\.js$/, ".d.ts"), "utf8")).split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const [, kind, name] = DECLARATION.exec(lines[at]) ?? [];
    if (kind === undefined) continue;
    const last = lines.findIndex((line, i) => i >= at && ends(kind, line, lines.slice(at, i + 1)));
    const code = lines.slice(at, last + 1);
    const earlier = found.get(name);
    const overloads = earlier === undefined ? code : [...earlier.code, ...code];
    found.set(name, { kind, name, code: overloads, about: comment(before(lines, at)) || (earlier?.about ?? "") });
    at = last;
  }
  return found;
}

function ends(kind, line, sofar) {
  if (kind === "class" || kind === "interface") return line === "}" || /\{ ?\}$/.test(line);
  const brackets = sofar.join("").replace(/\/\*[^]*?\*\/|"[^"]*"|=>/g, "");
  const depth = [...brackets].reduce((sum, c) => sum + ("{[(<".includes(c) ? 1 : "}])>".includes(c) ? -1 : 0), 0);
  return line.endsWith(";") && depth === 0;
}

/** The comment that ends on the line before. */
function before(lines, at) {
  if (!lines[at - 1]?.endsWith("*/")) return "";
  const first = lines.findLastIndex((line, i) => i < at && line.startsWith("/**"));
  return lines.slice(first, at).join("\n");
}

function comment(text) {
  const lines = text.replace(/^\/\*\*|\*\/$/g, "").split("\n");
  return lines.map((line) => line.replace(/^\s*\* ?/, "").trimEnd()).join("\n").trim();
}

function hidden({ name, code }, known, files) {
  const text = code.join("\n").replace(/\/\*[^]*?\*\/|"[^"]*"|^.* extends \w+/g, "");
  return [...files].flatMap(([file, declared]) =>
    [...declared.keys()]
      .filter((word) => !known.has(word) && new RegExp(`\\b${word}\\b(?!\\??:)`).test(text))
      .map((word) => `${name} names ${word} of ${path.basename(file)}, which no entry exports`),
  );
}

function page({ title, about, exported }, entries) {
  const links = entries.map((each) =>
    each.title === title ? `**${title}**` : `[${each.title}](${each.title.replaceAll("/", "-")}.md)`,
  );
  const parts = [`# ${title}`, about.replace(/^`[^`]+`: ?(.)/, (_, first) => first.toUpperCase()), links.join(" · ")];
  for (const section of new Set(Object.values(SECTIONS))) {
    const here = exported.filter(({ kind }) => SECTIONS[kind] === section);
    if (here.length > 0) parts.push(`## ${section}`);
    for (const each of here.sort((a, b) => (a.name < b.name ? -1 : 1)))
      parts.push(`### ${each.name}`, each.about, ["```ts", ...each.code.flatMap(shown), "```"].join("\n"));
  }
  parts.push("---", "Written by `npm run build` in client_js from the sources' own comments.");
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function shown(line) {
  if (/^ {4}(#private;|private constructor\(\);)$/.test(line)) return [];
  return [line.replace(/^export /, "").replace(/^declare /, "")];
}
