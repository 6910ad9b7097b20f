/** What is heard on one channel: a stream, and whether it is muted, lost, or lent. */

import { CaptureError, type InputKind } from "./failure.js";

/** One channel's input, as an application may know it. */
export interface InputInfo {
  readonly channel: number;
  /** The channel's name in the session. */
  readonly name: string;
  readonly kind: InputKind;
  /** What the device calls itself. */
  readonly label: string;
  /** The device, where there is one. */
  readonly deviceId: string | undefined;
  /** Whether silence is sent: by `mute`, or because the system took the sound away. */
  readonly muted: boolean;
  /** `false` once its device is gone, or its share was ended. Silence is sent from then on. */
  readonly live: boolean;
}

export interface InputHandlers {
  lost(error: CaptureError): void;
  muted(muted: boolean, by: "page" | "system"): void;
}

/** A stream that was opened for a channel. */
export interface Opened {
  name: string;
  kind: InputKind;
  stream: MediaStream;
  /** Whether its tracks are another's to stop. */
  lent?: boolean;
}

export class Input {
  readonly #handlers: InputHandlers;
  readonly #channel: number;
  #opened: Opened;
  #mutedByPage = false;
  #live = true;

  constructor(channel: number, opened: Opened, handlers: InputHandlers) {
    this.#channel = channel;
    this.#opened = opened;
    this.#handlers = handlers;
    this.#watch(true);
  }

  get info(): InputInfo {
    const { name, kind } = this.#opened;
    const track = this.#track;
    return {
      channel: this.#channel,
      name,
      kind,
      label: track?.label ?? "",
      // That of a tab is none that could be chosen.
      deviceId: kind === "microphone" ? track?.getSettings().deviceId : undefined,
      muted: this.#mutedByPage || track?.muted === true,
      live: this.#live,
    };
  }

  get stream(): MediaStream {
    return this.#opened.stream;
  }

  /** What happens to this stream is of no account while another is being opened for its place. */
  leave(): void {
    this.#watch(false);
  }

  /** It stays after all, if it still is. */
  stay(): void {
    if (!this.#live) return;
    this.#watch(true);
    if (this.#track?.readyState === "ended") this.#ended();
  }

  /** Takes another stream in the place of this one, which ends. */
  replace(stream: MediaStream): void {
    this.release();
    this.#opened = { ...this.#opened, stream, lent: false };
    this.#live = true;
    this.#watch(true);
  }

  /**
   * Lets a stream be as muted as this input is. A disabled track delivers silence at the pace of
   * its sound, and nobody hears the room.
   */
  apply(stream: MediaStream): void {
    for (const track of stream.getAudioTracks()) track.enabled = !this.#mutedByPage;
  }

  mute(on: boolean): void {
    if (this.#mutedByPage === on) return;
    this.#mutedByPage = on;
    this.apply(this.stream);
    this.#handlers.muted(this.info.muted, "page");
  }

  /** Ends the stream, if it is ours. */
  release(): void {
    this.#watch(false);
    if (this.#opened.lent !== true) for (const track of this.stream.getTracks()) track.stop();
    else if (this.#mutedByPage) for (const track of this.stream.getAudioTracks()) track.enabled = true;
  }

  get #track(): MediaStreamTrack | undefined {
    return this.stream.getAudioTracks()[0];
  }


  #watch(on: boolean): void {
    const [track] = this.stream.getAudioTracks();
    if (track === undefined) return;
    const change = on ? "addEventListener" : "removeEventListener";
    track[change]("ended", this.#ended);
    track[change]("mute", this.#systemMuted);
    track[change]("unmute", this.#systemMuted);
  }

  readonly #ended = () => {
    this.#live = false;
    const { kind } = this.#opened;
    const message = kind === "tab" ? "The share was ended." : "The sound ended.";
    this.#handlers.lost(new CaptureError("device_lost", message, { input: kind, channel: this.#channel }));
  };

  readonly #systemMuted = () => this.#handlers.muted(this.info.muted, "system");
}
