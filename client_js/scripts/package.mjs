/**
 * The package as npm would publish it, made in a folder of its own, so that nobody's `dist` is
 * touched; and what its readers' tools think of it.
 */

import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { formatMessage } from "publint/utils";
import { publint } from "publint";
import { buildPackage, root } from "./bundle.mjs";

const run = promisify(execFile);

/** Builds the package in `folder/package` and packs it; returns both paths. */
export async function pack(folder) {
  const staged = path.join(folder, "package");
  await mkdir(staged, { recursive: true });
  for (const name of ["package.json", "README.md", "LICENSE"])
    await copyFile(path.join(root, name), path.join(staged, name));
  await buildPackage(path.join(staged, "dist"));
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await run("npm", args, { cwd: staged });
  const [packed] = Object.values(JSON.parse(stdout));
  return { staged, tarball: path.join(folder, packed.filename), files: packed.files.map((file) => file.path) };
}

/** What publint and attw find; nothing where the package is sound. */
export async function findings({ staged, tarball }) {
  const { messages, pkg } = await publint({ pkgDir: staged, strict: true });
  const found = messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
  const attw = path.join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  // Modules only: a `require` of them is an error by design. The worklet has nothing to import.
  const args = [attw, tarball, "--profile", "esm-only", "--exclude-entrypoints", "worklet", "--no-color", "--no-emoji"];
  try {
    await run(process.execPath, args, { cwd: root });
  } catch (error) {
    found.push(`attw: ${error.stdout}${error.stderr}`);
  }
  return found;
}
