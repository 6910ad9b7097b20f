/**
 * `npm run build`: the package into dist/, the page into the folder the server serves from, the
 * API reference into docs/. `npm run build package` makes the package alone, as for `npm pack`.
 */

import { rm } from "node:fs/promises";
import path from "node:path";
import { committedApi, writeApi } from "./api.mjs";
import { buildPackage, buildPage, committedPage, root } from "./bundle.mjs";

const dist = path.join(root, "dist");
await rm(dist, { recursive: true, force: true });
await buildPackage(dist);
if (process.argv[2] !== "package") {
  await rm(committedPage, { recursive: true, force: true });
  await buildPage(committedPage);
  for (const fault of await writeApi(dist, committedApi)) console.warn(fault);
}
