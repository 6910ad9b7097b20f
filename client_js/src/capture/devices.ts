/** Which microphones there are, and when that changes. */

import { requireMediaDevices } from "./requests.js";

export interface MicrophoneDevice {
  deviceId: string;
  /** Devices of one housing share it: the microphone and the speaker of a headset. */
  groupId: string;
  /** Empty until the page may use a microphone. */
  label: string;
}

export interface DeviceChange {
  devices: MicrophoneDevice[];
  added: MicrophoneDevice[];
  removed: MicrophoneDevice[];
}

/** Systems announce one plug several times, and list the device a little later. */
const SETTLE_MS = 150;

/**
 * The microphones there are. Before permission is given, browsers tell that there is one, but
 * not which: `label` and `deviceId` are empty (in Firefox and Safari unless one is in use).
 */
export async function microphones(): Promise<MicrophoneDevice[]> {
  requireMediaDevices();
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter(({ kind }) => kind === "audioinput")
    .map(({ deviceId, groupId, label }) => ({ deviceId, groupId, label }));
}

/** Calls `listener` when microphones come or go; returns the function that ends it. */
export function watchMicrophones(listener: (change: DeviceChange) => void): () => void {
  requireMediaDevices();
  let known = microphones();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const look = async () => {
    const [before, devices] = [await known, await (known = microphones())];
    const missing = (from: MicrophoneDevice[], here: MicrophoneDevice[]) =>
      from.filter((one) => !here.some((other) => other.deviceId === one.deviceId));
    const change = { devices, added: missing(devices, before), removed: missing(before, devices) };
    if (!over && change.added.length + change.removed.length > 0) listener(change);
  };
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), SETTLE_MS);
  };
  navigator.mediaDevices.addEventListener("devicechange", changed);
  return () => {
    over = true;
    clearTimeout(timer);
    navigator.mediaDevices.removeEventListener("devicechange", changed);
  };
}
