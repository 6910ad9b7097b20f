/** `npm run build`: the package into dist/, the page into the folder the server serves from. */

import { rm } from "node:fs/promises";
import path from "node:path";
import { buildPackage, buildPage, committedPage, root } from "./bundle.mjs";

const dist = path.join(root, "dist");
await rm(dist, { recursive: true, force: true });
await rm(committedPage, { recursive: true, force: true });
await buildPackage(dist);
await buildPage(committedPage);
