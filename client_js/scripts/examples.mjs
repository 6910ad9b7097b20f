/**
 * `npm run examples -- FOLDER`: the browser examples with the package they use, ready for any web
 * server: `python3 -m http.server --directory FOLDER`.
 */

import { build } from "esbuild";
import { cp, mkdir } from "node:fs/promises";
import path from "node:path";
import { buildModules, inlineWorklet, root } from "./bundle.mjs";

const examples = path.join(root, "..", "examples");

export async function buildExamples(folder) {
  await mkdir(path.join(folder, "examples"), { recursive: true });
  for (const name of ["html", "obs", "react"])
    await cp(path.join(examples, name), path.join(folder, "examples", name), {
      recursive: true,
      filter: (from) => !from.includes("node_modules"),
    });
  await buildModules(path.join(folder, "client_js", "dist"));
  await build({
    absWorkingDir: root,
    alias: { "wirescribe/live-captions": path.join(root, "src/live-captions.ts") },
    bundle: true,
    define: { "process.env.NODE_ENV": '"production"' },
    entryPoints: [path.join(examples, "react", "main.jsx")],
    format: "esm",
    jsx: "automatic",
    logLevel: "warning",
    minify: true,
    // The example's own node_modules, where it has them; else the ones of this package.
    nodePaths: [path.join(root, "node_modules")],
    outfile: path.join(folder, "examples", "react", "build", "main.js"),
    plugins: [inlineWorklet],
    target: "es2022",
  });
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: npm run examples -- FOLDER");
await buildExamples(path.resolve(folder));
