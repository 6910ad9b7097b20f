/**
 * Sound of another tab or of the screen. Chromium on a computer only: tab sound everywhere, the
 * whole system's on Windows and ChromeOS.
 */

import { openSource } from "./opening.js";
import { openTab, type TabSettings } from "./requests.js";
import type { AudioSource, SourceOptions } from "./source.js";

export interface TabOptions extends SourceOptions, TabSettings {}

/** Lets the user choose a tab and starts capturing its sound; rejects with a `CaptureError`. */
export function tab(options: TabOptions = {}): Promise<AudioSource> {
  return openSource([{ name: "tab", kind: "tab", open: () => openTab(options) }], options);
}
