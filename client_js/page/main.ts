/** Entry of the page's script. */

import { App } from "./app.js";

new App();
