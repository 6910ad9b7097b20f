/** What the package weighs on its way to a reader: minified, gzipped, without the worklet's own file. */

import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { common, inlineWorklet } from "./bundle.mjs";

const KIB = 1024;

/** The client has a budget; the others are told for those who weigh them. */
const BUDGETS = [
  { entry: "index", title: "wirescribe", bytes: 12 * KIB },
  { entry: "capture", title: "wirescribe/capture, worklet inlined" },
  { entry: "captions", title: "wirescribe/captions" },
  { entry: "live-captions", title: "wirescribe/live-captions" },
];

/** Lines of figures, and whether all are within their budgets. */
export async function sizes() {
  const lines = [];
  let within = true;
  for (const { entry, title, bytes } of BUDGETS) {
    const built = await build({
      ...common,
      entryPoints: [`src/${entry}.ts`],
      minify: true,
      plugins: [inlineWorklet],
      write: false,
    });
    const size = gzipSync(built.outputFiles[0].contents, { level: 9 }).length;
    const budget = bytes === undefined ? "" : ` of at most ${(bytes / KIB).toFixed(1)}`;
    lines.push(`${(size / KIB).toFixed(2)} KiB${budget}: ${title}`);
    if (bytes !== undefined && size > bytes) within = false;
  }
  return { lines, within };
}
