/** What is going on, in plain words. Pure: facts in, words out. */

export type SourceKind = "microphone" | "tab";

export type Phase =
  | "idle"
  | "asking"
  | "connecting"
  | "queued"
  | "live"
  | "reconnecting"
  | "stopping";

export interface Facts {
  phase: Phase;
  source: SourceKind;
  /** Speech was heard and has not ended. */
  speaking: boolean;
  /** How long the sound has been as good as absent. */
  quietMs: number;
  queuePosition: number;
  retryInMs: number;
  /** How long the connection has been gone. */
  goneMs: number;
  offline: boolean;
  /** What the server warned of last, while it matters. */
  warning: string;
  /** Of the run that just ended, if there was one. */
  summary: { words: number; elapsedMs: number } | undefined;
}

export type Tone = "idle" | "busy" | "live" | "speech" | "trouble";

export interface Status {
  headline: string;
  hint: string;
  tone: Tone;
  /** Changes of this are worth telling to a screen reader; speech and pauses are not. */
  announcement: string;
}

/** The sound that is kept for a connection that is gone, with a little to spare. */
const KEPT_MS = 55_000;
/** Longer than a pause for thought. */
const QUIET_MS = 5000;

export function describe(facts: Facts): Status {
  const { headline, hint = "", tone, announcement = headline } = words(facts);
  return { headline, hint, tone, announcement };
}

interface Words {
  headline: string;
  hint?: string;
  tone: Tone;
  announcement?: string;
}

function words(facts: Facts): Words {
  const microphone = facts.source === "microphone";
  switch (facts.phase) {
    case "idle":
      if (facts.summary === undefined) return { headline: "Ready", tone: "idle" };
      return { headline: "Stopped", hint: summary(facts.summary), tone: "idle" };
    case "asking":
      return microphone
        ? { headline: "Allow the microphone", hint: "Your browser is asking.", tone: "busy" }
        : { headline: "Choose a tab", hint: "Switch “Also share tab audio” on.", tone: "busy" };
    case "connecting":
      return { headline: "Connecting …", hint: "You can already speak.", tone: "busy" };
    case "queued":
      return {
        headline: "Waiting for a place",
        hint: `The server is full; you are number ${facts.queuePosition} in line.`,
        tone: "busy",
      };
    case "reconnecting":
      return {
        headline: facts.offline ? "You are offline" : "Connection lost",
        hint: `${retry(facts.retryInMs)} ${
          facts.goneMs < KEPT_MS ? "Your words are kept." : "The oldest words may be lost."
        }`,
        tone: "trouble",
        announcement: "Connection lost. Trying again.",
      };
    case "stopping":
      return { headline: "Finishing …", hint: "The last words are on their way.", tone: "busy" };
    case "live":
      return live(facts, microphone);
  }
}

function live(facts: Facts, microphone: boolean): Words {
  if (facts.quietMs >= QUIET_MS) {
    return microphone
      ? {
          headline: "No sound from the microphone",
          hint: "Is it muted, unplugged, or is another one chosen?",
          tone: "trouble",
        }
      : { headline: "No sound from the tab", hint: "Is something playing there?", tone: "trouble" };
  }
  const hint = facts.warning;
  return facts.speaking
    ? { headline: "Hearing speech", hint, tone: "speech", announcement: hint || "Listening" }
    : { headline: "Listening", hint, tone: "live", announcement: hint || "Listening" };
}

function retry(inMs: number): string {
  return inMs > 1000 ? `Trying again in ${Math.ceil(inMs / 1000)} s.` : "Trying again …";
}

function summary({ words, elapsedMs }: { words: number; elapsedMs: number }): string {
  const spoken = words === 1 ? "1 word" : `${words.toLocaleString("en")} words`;
  const minutes = Math.floor(elapsedMs / 60_000);
  const seconds = Math.round(elapsedMs / 1000) % 60;
  return `${spoken} in ${minutes > 0 ? `${minutes} min ${seconds} s` : `${seconds} s`}.`;
}

/** What a warning of the server means to the reader; empty for those that don't concern them. */
export function warningWords(code: string, detail: Readonly<Record<string, unknown>>): string {
  switch (code) {
    case "slow_partials":
      return "The server is busy: words come a little later.";
    case "draining":
      return "The server is about to restart.";
    case "clipping":
      return "The sound is too loud and distorted.";
    case "no_audio":
      return "The server receives no sound.";
    case "limit_near": {
      const left = detail["deadline_ms"] ?? detail["remaining_ms"];
      return typeof left === "number"
        ? `This session ends in ${Math.ceil(left / 1000)} s.`
        : "This session will end soon.";
    }
    default:
      return "";
  }
}
