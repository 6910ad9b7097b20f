/**
 * Captions over a stream or recording: a browser source of OBS, set up by its address.
 *
 *   url         the server, ws://127.0.0.1:8000 without it
 *   language    auto, en, de …
 *   token       where the server wants one
 *   device      a part of the microphone's name, such as "Rode"; the system's own without it
 *   place       bottom, middle, top
 *   size        text height in hundredths of the picture's, 5 without it
 *   rows, pace, linger, background (box, text, none), align, stable, speakers: as the element has them
 *   demo        shows a text instead of listening, to set up the scene
 */

import "../../client_js/dist/live-captions.js";
import { microphones } from "../../client_js/dist/capture.js";
import { demo } from "./demo.js";

const wanted = new URLSearchParams(location.search);
const overlay = document.getElementById("overlay");
overlay.dataset.place = wanted.get("place") ?? "bottom";

const captions = document.createElement("live-captions");
captions.setAttribute("contrast", "high");
captions.setAttribute("background", "text");
for (const name of ["language", "token", "rows", "pace", "linger", "background", "align", "stable", "speakers"])
  if (wanted.has(name)) captions.setAttribute(name, wanted.get(name));
captions.setAttribute("url", wanted.get("url") ?? "ws://127.0.0.1:8000");
const size = Number(wanted.get("size"));
if (size > 0) captions.style.setProperty("--live-captions-size", `${size}vh`);
overlay.append(captions);

if (wanted.has("demo")) demo(captions);
else await listen();

/** Starts, and again when it ends: nobody is there to press a button. */
async function listen() {
  captions.source = "microphone";
  const device = wanted.get("device");
  captions.addEventListener("captions-error", () => setTimeout(() => captions.start(), 5000));
  if (device) captions.deviceId = await find(device);
  await captions.start();
}

/** The microphone whose name contains a text. Names are told only to who may use one. */
async function find(name) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => undefined);
  const devices = await microphones();
  for (const track of stream?.getTracks() ?? []) track.stop();
  return devices.find(({ label }) => label.toLowerCase().includes(name.toLowerCase()))?.deviceId;
}
