/** What is going on, in plain words. Pure: facts in, words out. */

import type { Messages } from "./messages/index.js";
import type { Readiness } from "./readiness.js";
import type { Say } from "./say.js";

export type SourceKind = "microphone" | "tab" | "both";

export type Phase =
  | "idle"
  | "asking"
  | "connecting"
  | "queued"
  | "live"
  | "paused"
  | "reconnecting"
  | "stopping"
  | "uploading"
  | "file_queued"
  | "file_heard";

/** Something that is said for a while; `ms` is the time it is about, where there is one. */
export interface Notice {
  code: keyof Messages["warnings"];
  ms?: number;
}

export interface Summary {
  words: number;
  elapsedMs: number;
  /** Of a recording; otherwise of listening. */
  ofFile: boolean;
}

export interface Facts {
  phase: Phase;
  source: SourceKind;
  /** Speech was heard and has not ended. */
  speaking: boolean;
  /** How long the sound has been as good as absent. */
  quietMs: number;
  /** How far the words are behind the voice, once that is known. */
  latencyMs: number | undefined;
  queuePosition: number;
  queueEtaMs: number;
  retryInMs: number;
  /** How long the connection has been gone. */
  goneMs: number;
  offline: boolean;
  /** What the server warned of last, while it matters. */
  warning: Notice | undefined;
  /** A recording, and what share of the step at hand is done, if that is known. */
  file: { name: string; share: number | undefined } | undefined;
  /** Of the run that just ended, if there was one. */
  summary: Summary | undefined;
  /** What the server said of itself while nothing runs. */
  readiness: Readiness;
}

export const atRest: Omit<Facts, "source" | "summary"> = {
  readiness: "ready",
  phase: "idle",
  speaking: false,
  quietMs: 0,
  latencyMs: undefined,
  queuePosition: 0,
  queueEtaMs: 0,
  retryInMs: 0,
  goneMs: 0,
  offline: false,
  warning: undefined,
  file: undefined,
};

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
/** Words that come later than this are felt to be late. */
const LATE_MS = 3000;

interface Words {
  headline: string;
  hint?: string;
  tone: Tone;
  announcement?: string;
}

export function describe(facts: Facts, say: Say): Status {
  const { headline, hint = "", tone, announcement = headline } = words(facts, say);
  return { headline, hint, tone, announcement };
}

function words(facts: Facts, say: Say): Words {
  const { status } = say.messages;
  switch (facts.phase) {
    case "idle":
      return atEnd(facts, say);
    case "asking":
      return facts.source === "tab"
        ? { headline: status.chooseTab, hint: status.tabSound, tone: "busy" }
        : { headline: status.askMicrophone, hint: status.browserAsks, tone: "busy" };
    case "connecting":
      return { headline: status.connecting, hint: status.alreadySpeak, tone: "busy" };
    case "queued": {
      const wait = facts.queueEtaMs > 0 ? say.time(facts.queueEtaMs) : "";
      const hint = status.queuePlace(say.number(facts.queuePosition), wait);
      return { headline: status.queued, hint, tone: "busy" };
    }
    case "paused":
      return { headline: status.paused, hint: status.nothingSent, tone: "busy" };
    case "reconnecting":
      return {
        headline: facts.offline ? status.offline : status.lost,
        hint: `${retry(facts.retryInMs, say)} ${facts.goneMs < KEPT_MS ? status.wordsKept : status.wordsAtRisk}`,
        tone: "trouble",
        announcement: status.lostAloud,
      };
    case "stopping":
      return { headline: status.finishing, hint: status.lastWords, tone: "busy" };
    case "uploading":
      return { headline: status.uploading, hint: ofFile(facts, say, status.uploaded), tone: "busy" };
    case "file_queued":
      return { headline: status.fileQueued, hint: status.fileTurn, tone: "busy" };
    case "file_heard":
      return { headline: status.fileHeard, hint: ofFile(facts, say, status.fileHeardShare), tone: "busy" };
    case "live":
      return live(facts, say);
  }
}

function live(facts: Facts, say: Say): Words {
  const { status } = say.messages;
  if (facts.quietMs >= QUIET_MS) {
    return facts.source === "tab"
      ? { headline: status.noTabSound, hint: status.tabPlaying, tone: "trouble" }
      : { headline: status.noMicrophoneSound, hint: status.microphoneMuted, tone: "trouble" };
  }
  const late = facts.latencyMs !== undefined && facts.latencyMs >= LATE_MS;
  const warned = facts.warning === undefined ? "" : noticeWords(facts.warning, say);
  const hint = warned || (late ? status.behind(say.time(facts.latencyMs as number)) : "");
  const announcement = warned || status.listening;
  return facts.speaking
    ? { headline: status.hearing, hint, tone: "speech", announcement }
    : { headline: status.listening, hint, tone: "live", announcement };
}

function atEnd({ summary, readiness }: Facts, say: Say): Words {
  const { status } = say.messages;
  const unready = readiness === "ready" ? "" : say.messages.readiness[readiness];
  if (summary === undefined) return { headline: unready === "" ? status.ready : status.notReady, hint: unready, tone: "idle" };
  const { words: count, elapsedMs, ofFile } = summary;
  return {
    headline: ofFile ? status.finished : status.stopped,
    hint: status.summary(count, say.number(count), say.time(Math.round(elapsedMs / 1000) * 1000)),
    tone: "idle",
  };
}

function ofFile({ file }: Facts, say: Say, write: (share: string, name: string) => string): string {
  if (file === undefined) return "";
  return file.share === undefined ? file.name : write(say.percent(file.share), file.name);
}

function retry(inMs: number, say: Say): string {
  const { status } = say.messages;
  return inMs > 1000 ? status.retryIn(say.time(inMs)) : status.retryNow;
}

export function noticeWords({ code, ms }: Notice, say: Say): string {
  const words = say.messages.warnings[code];
  return typeof words === "string" ? words : words(ms === undefined ? "" : say.time(ms));
}

/** What a warning of the server is to the reader; undefined for those that don't concern them. */
export function noticeOf(code: string, detail: Readonly<Record<string, unknown>>): Notice | undefined {
  switch (code) {
    case "slow_partials":
    case "draining":
    case "clipping":
    case "no_audio":
      return { code };
    case "limit_near": {
      const left = detail["remaining_ms"];
      return typeof left === "number" ? { code, ms: left } : { code };
    }
    default:
      return undefined;
  }
}
