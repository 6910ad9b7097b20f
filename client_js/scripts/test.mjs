/**
 * `npm test`: bundles test/*.test.ts (Node 20 reads no TypeScript) and runs them with Node's own
 * runner. Arguments choose test files by a part of their name.
 */

import { build } from "esbuild";
import { spawn } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { inlineWorklet, root } from "./bundle.mjs";

const wanted = process.argv.slice(2);
const files = (await readdir(path.join(root, "test")))
  .filter((name) => name.endsWith(".test.ts"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
if (files.length === 0) throw new Error(`no test file matches ${wanted.join(" ")}`);

// Inside node_modules, so that the tests find the packages they import.
const folder = path.join(root, "node_modules", ".tests");
await rm(folder, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  bundle: true,
  entryPoints: files.map((name) => path.join("test", name)),
  format: "esm",
  logLevel: "warning",
  outdir: folder,
  outExtension: { ".js": ".mjs" },
  packages: "external",
  platform: "node",
  plugins: [inlineWorklet],
  sourcemap: "inline",
  target: "node20",
});
const built = files.map((name) => path.join(folder, name.replace(/\.ts$/, ".mjs")));
const run = spawn(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", "--test-timeout=120000", ...built], { stdio: "inherit" });
run.on("exit", (code) => (process.exitCode = code ?? 1));
