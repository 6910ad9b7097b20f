/**
 * `npm run check`, second half: the committed page and API reference are what their sources build
 * to, byte for byte; the client is within its size; publint and attw find nothing.
 */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { committedApi, writeApi } from "./api.mjs";
import { buildPage, committedPage } from "./bundle.mjs";
import { findings, pack } from "./package.mjs";
import { sizes } from "./size.mjs";

const faults = [];

async function contents(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const pairs = files.map(async (file) => {
    const full = path.join(file.parentPath ?? file.path, file.name);
    return [path.relative(folder, full), await readFile(full)];
  });
  return new Map(await Promise.all(pairs));
}

async function compare(title, fresh, committed) {
  const [built, kept] = await Promise.all([contents(fresh), contents(committed)]);
  const names = [...new Set([...built.keys(), ...kept.keys()])].sort();
  const different = names.filter((name) => {
    const [a, b] = [built.get(name), kept.get(name)];
    return a === undefined || b === undefined || !a.equals(b);
  });
  if (different.length === 0) console.log(`${title} is up to date (${names.length} files).`);
  else
    faults.push(
      `${title} is not what its sources build to: ${different.join(", ")}`,
      "Run `npm run build` in client_js and commit the result.",
    );
}

const work = await mkdtemp(path.join(tmpdir(), "wirescribe-check-"));
try {
  const [page, api] = [path.join(work, "page"), path.join(work, "api")];
  await buildPage(page);
  await compare("streaming/web", page, committedPage);
  const packed = await pack(work);
  faults.push(...(await writeApi(path.join(packed.staged, "dist"), api)));
  await compare("docs/api-js", api, committedApi);
  faults.push(...(await findings(packed)));
  console.log(`The package has ${packed.files.length} files.`);
  const { lines, within } = await sizes();
  for (const line of lines) console.log(line);
  if (!within) faults.push("The client is heavier than its budget.");
} finally {
  await rm(work, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
