/** `npm run check`, second half: the committed page is what its sources build to, byte for byte. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildPage, committedPage } from "./bundle.mjs";

async function contents(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const pairs = files.map(async (file) => {
    const full = path.join(file.parentPath ?? file.path, file.name);
    return [path.relative(folder, full), await readFile(full)];
  });
  return new Map(await Promise.all(pairs));
}

const fresh = await mkdtemp(path.join(tmpdir(), "wirescribe-page-"));
try {
  await buildPage(fresh);
  const [built, committed] = await Promise.all([contents(fresh), contents(committedPage)]);
  const names = [...new Set([...built.keys(), ...committed.keys()])].sort();
  const different = names.filter((name) => {
    const [a, b] = [built.get(name), committed.get(name)];
    return a === undefined || b === undefined || !a.equals(b);
  });
  if (different.length > 0) {
    console.error(`streaming/web is not what its sources build to: ${different.join(", ")}`);
    console.error("Run `npm run build` in client_js and commit the result.");
    process.exitCode = 1;
  } else console.log(`streaming/web is up to date (${names.length} files).`);
} finally {
  await rm(fresh, { recursive: true, force: true });
}
