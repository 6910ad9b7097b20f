/** What keeps a context awake, played through with what Safari on a phone does to one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { keepAwake, wake, type ContextState } from "../src/capture/waking.js";

/** An audio context as far as this goes: it does what it is told, and counts how often it is asked. */
class Context {
  state: ContextState = "suspended";
  onstatechange: (() => void) | null = null;
  asked = 0;
  resumes = () => Promise.resolve();

  resume(): Promise<void> {
    this.asked += 1;
    return this.resumes();
  }

  become(state: ContextState): void {
    this.state = state;
    this.onstatechange?.();
  }

  get as(): AudioContext {
    return this as unknown as AudioContext;
  }
}

/** A page with nothing on it but what happens to it. */
async function onPage(run: (page: EventTarget & { visibilityState: string }) => Promise<void> | void): Promise<void> {
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const whole = globalThis as { document?: unknown };
  whole.document = page;
  try {
    await run(page);
  } finally {
    delete whole.document;
  }
}

test("asks again when it is suspended, not while a call has the sound", () =>
  onPage(() => {
    const context = new Context();
    const states: string[] = [];
    keepAwake(context.as, () => states.push(context.state));
    context.become("running");
    assert.equal(context.asked, 0);
    context.become("suspended");
    assert.equal(context.asked, 1);
    context.become("interrupted");
    assert.equal(context.asked, 1);
    assert.deepEqual(states, ["running", "suspended", "interrupted"]);
  }));

test("a touch, a key and the page's return wake it; nothing does where it is awake or released", () =>
  onPage((page) => {
    const context = new Context();
    const release = keepAwake(context.as, () => undefined);
    context.become("interrupted");
    for (const gesture of ["pointerdown", "pointerup", "touchend", "keydown"]) page.dispatchEvent(new Event(gesture));
    assert.equal(context.asked, 4);
    page.visibilityState = "hidden";
    page.dispatchEvent(new Event("visibilitychange"));
    assert.equal(context.asked, 4);
    page.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));
    assert.equal(context.asked, 5);
    context.become("running");
    page.dispatchEvent(new Event("keydown"));
    assert.equal(context.asked, 5);
    release();
    context.become("suspended");
    page.dispatchEvent(new Event("keydown"));
    assert.equal(context.asked, 5);
  }));

test("a browser that waits for a gesture, or refuses, holds nobody up", async () => {
  const context = new Context();
  context.resumes = () => new Promise<never>(() => undefined);
  await wake(context.as, 5);
  context.resumes = () => Promise.reject(new Error("not now"));
  await wake(context.as, 60_000);
  assert.equal(context.asked, 2);
});
