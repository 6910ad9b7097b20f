/** The parts of capturing that need no browser; tests/browser/test_capture.py has the rest. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CaptureError, captureFailure } from "../src/capture/failure.js";
import { decibels, LevelMeter } from "../src/capture/meter.js";
import { canCaptureTab } from "../src/capture/requests.js";

test("what a browser rejects with has a code, and says whether to try again", () => {
  const read = (name: string, input: "microphone" | "tab" = "microphone") => {
    const { code, retryable } = captureFailure(new DOMException("because", name), input);
    return [code, retryable];
  };
  assert.deepEqual(read("NotAllowedError"), ["permission_denied", false]);
  assert.deepEqual(read("NotAllowedError", "tab"), ["cancelled", true]);
  assert.deepEqual(read("InvalidStateError", "tab"), ["needs_gesture", true]);
  assert.deepEqual(read("NotFoundError"), ["no_device", true]);
  assert.deepEqual(read("OverconstrainedError"), ["no_device", true]);
  assert.deepEqual(read("NotReadableError"), ["device_busy", true]);
  assert.deepEqual(read("NewsFromTomorrow"), ["unsupported", false]);
  const cause = new DOMException("no", "NotAllowedError");
  const error = captureFailure(cause, "microphone");
  assert.ok(error instanceof CaptureError && error.cause === cause);
  assert.deepEqual([error.name, error.message, error.input], ["CaptureError", "no", "microphone"]);
});

function inBrowser(mediaDevices: object, run: () => void): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { mediaDevices } });
  try {
    run();
  } finally {
    if (before === undefined) delete (globalThis as { navigator?: object }).navigator;
    else Object.defineProperty(globalThis, "navigator", before);
  }
}

test("sharing a tab's sound is offered where there is sound in a share", () => {
  const share = { getDisplayMedia: () => Promise.reject() };
  const knows = (suppressLocalAudioPlayback?: boolean) => ({
    getSupportedConstraints: () => ({ echoCancellation: true, suppressLocalAudioPlayback }),
  });
  assert.equal(canCaptureTab(), false, "no browser at all");
  inBrowser({ ...share, ...knows(true) }, () => assert.equal(canCaptureTab(), true));
  // As Firefox and Safari: a share, without sound.
  inBrowser({ ...share, ...knows() }, () => assert.equal(canCaptureTab(), false));
  // As phones.
  inBrowser(knows(true), () => assert.equal(canCaptureTab(), false));
});

test("the needle jumps up, sinks slowly, and remembers its peak for a moment", () => {
  const meter = new LevelMeter();
  assert.deepEqual(meter.read(0), { value: 0, peak: 0, clipped: false });
  meter.add({ rms: 0.5, peak: 0.7 }, 1000);
  const loud = meter.read(1000).value;
  assert.ok(Math.abs(loud - (60 + decibels(0.5)) / 54) < 1e-9, String(loud));
  meter.add({ rms: 0, peak: 0 }, 1500);
  const later = meter.read(1500);
  assert.ok(Math.abs(later.value - (loud - 0.3)) < 1e-9, "0.6 of the scale in a second");
  assert.equal(later.peak, loud);
  assert.deepEqual(meter.read(20_000), { value: 0, peak: 0, clipped: false });
});

test("what is too loud is said for a moment", () => {
  const meter = new LevelMeter();
  meter.add({ rms: 0.9, peak: 1 }, 0);
  assert.equal(meter.read(1000).clipped, true);
  assert.equal(meter.read(2000).clipped, false);
  meter.add({ rms: 0.9, peak: 0.9 }, 3000);
  assert.deepEqual(meter.read(3000), { value: 1, peak: 1, clipped: false }, "the scale has an end");
});

test("levels in decibels: half is −6, silence has a floor", () => {
  assert.ok(Math.abs(decibels(0.5) + 6.02) < 0.01);
  assert.equal(decibels(0), -120);
});
