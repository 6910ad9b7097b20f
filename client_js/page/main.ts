/** Entry of the page's script. */

import "../src/live-captions.js";
import { App } from "./app.js";

new App();
