/**
 * The two builds, each into a folder of the caller's choice:
 *
 *   buildPage(folder)     what the server serves: index.html and assets/
 *   buildPackage(folder)  what npm publishes: modules with types
 *
 * Deterministic: the same sources give the same bytes, so that a check can compare them.
 */

import { build } from "esbuild";
import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const committedPage = path.join(root, "..", "streaming", "web");

export const common = {
  absWorkingDir: root,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  target: ["es2022", "chrome105", "firefox113", "safari16.2"],
};

const workletEntry = path.join(root, "src/capture/worklet.ts");

/** `import text from "inline:worklet"` gives the built worklet as a string. */
export const inlineWorklet = {
  name: "inline-worklet",
  setup(context) {
    context.onResolve({ filter: /^inline:worklet$/ }, (args) => ({
      path: args.path,
      namespace: "inline",
    }));
    context.onLoad({ filter: /.*/, namespace: "inline" }, async () => {
      const built = await build({
        ...common,
        entryPoints: [workletEntry],
        format: "iife",
        minify: true,
        write: false,
      });
      return { contents: built.outputFiles[0].text.trimEnd(), loader: "text" };
    });
  },
};

export async function buildPage(folder) {
  const assets = path.join(folder, "assets");
  await mkdir(assets, { recursive: true });
  await build({
    ...common,
    entryPoints: { app: path.join(root, "page/main.ts"), styles: path.join(root, "page/styles.css") },
    entryNames: "[name]",
    minify: true,
    outdir: assets,
    plugins: [inlineWorklet],
  });
  await build({
    ...common,
    entryPoints: [workletEntry],
    format: "iife",
    minify: true,
    outfile: path.join(assets, "worklet.js"),
  });
  await copyFile(path.join(root, "page/index.html"), path.join(folder, "index.html"));
  await copyFile(path.join(root, "page/icon.svg"), path.join(assets, "icon.svg"));
}

/** The package's modules, without their types. */
export async function buildModules(folder) {
  await build({
    ...common,
    entryPoints: ["src/index.ts", "src/capture.ts", "src/captions.ts", "src/live-captions.ts"],
    outdir: folder,
    plugins: [inlineWorklet],
    splitting: true,
  });
  await build({ ...common, entryPoints: [workletEntry], format: "iife", outfile: path.join(folder, "worklet.js") });
}

export async function buildPackage(folder) {
  await buildModules(folder);
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const config = ["-p", path.join(root, "tsconfig.package.json"), "--outDir", folder];
  await promisify(execFile)(process.execPath, [tsc, ...config], { cwd: root });
}
