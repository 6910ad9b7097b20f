/** Values of attributes, read leniently: what is unknown is the default. */

import { CONTROLS, type Control } from "./controls.js";

export const SIZES = ["small", "medium", "large", "larger", "huge"] as const;
export type Size = (typeof SIZES)[number];
export type Mode = "lines" | "transcript";
export type Position = "inline" | "top" | "bottom";
export type Source = "none" | "microphone" | "tab" | "mixed";

export function choice<T extends string>(value: string | null, of: readonly T[], otherwise: T): T {
  return of.find((each) => each === value) ?? otherwise;
}

/** A number within bounds; where there is none, the default. */
export function within(value: string | null, otherwise: number, low: number, high: number): number {
  const read = value === null || value.trim() === "" ? NaN : Number(value);
  return Number.isFinite(read) ? Math.min(high, Math.max(low, read)) : otherwise;
}

/** Names separated by commas. */
export function namesIn(value: string | null): string[] {
  return value === null ? [] : value.split(",").map((part) => part.trim());
}

/** `controls` alone means all of them. */
export function controls(value: string | null): Set<Control> {
  if (value === null) return new Set();
  const named = value.split(/[\s,]+/u).filter((part) => part !== "");
  if (named.length === 0 || (named.length === 1 && named[0] === "controls")) return new Set(CONTROLS);
  return new Set(CONTROLS.filter((control) => named.includes(control)));
}

/** The size so many steps up or down, as far as there are any. */
export function stepped(size: Size, step: number): Size {
  const at = SIZES.indexOf(size) + step;
  return SIZES[Math.min(SIZES.length - 1, Math.max(0, at))] as Size;
}
