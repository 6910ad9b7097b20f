/** Files of what was said: plain text, SRT, WebVTT, JSON; written as the server writes them. */

import { makeCues, type Cue } from "./cues.js";
import { clean } from "./text.js";
import type { Utterance } from "./utterance.js";

export type Format = "txt" | "srt" | "vtt" | "json";

export const mediaTypes: Readonly<Record<Format, string>> = {
  txt: "text/plain;charset=utf-8",
  srt: "application/x-subrip;charset=utf-8",
  vtt: "text/vtt;charset=utf-8",
  json: "application/json",
};

export function written(format: Format, utterances: readonly Utterance[]): string {
  switch (format) {
    case "txt":
      return toText(utterances);
    case "srt":
      return toSrt(makeCues(utterances));
    case "vtt":
      return toWebVtt(makeCues(utterances));
    case "json":
      return `${JSON.stringify(toJson(utterances), undefined, 1)}\n`;
  }
}

/** https://www.w3.org/TR/webvtt1/; speakers become voice spans. */
function toWebVtt(cues: readonly Cue[]): string {
  const blocks = cues.map(({ startMs, endMs, speaker, lines }) => {
    const voice = speaker === "" ? "" : `<v ${escaped(speaker)}>`;
    return `${clock(startMs, ".")} --> ${clock(endMs, ".")}\n${voice}${lines.map(escaped).join("\n")}\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

/** SRT has no standard; this is the form players read. A name stands before the first line. */
function toSrt(cues: readonly Cue[]): string {
  // It has no escapes either, and its arrow may not stand in text.
  const plain = (text: string) => text.replaceAll("-->", "→");
  const blocks = cues.map(({ startMs, endMs, speaker, lines }, at) => {
    const name = speaker === "" ? "" : `${plain(speaker)}: `;
    return `${at + 1}\n${clock(startMs, ",")} --> ${clock(endMs, ",")}\n${name}${plain(lines.join("\n"))}\n`;
  });
  return blocks.join("\n");
}

function toText(utterances: readonly Utterance[]): string {
  return inOrder(utterances)
    .filter(({ text }) => clean(text) !== "")
    .map(({ speaker, text }) => `${speaker === "" ? "" : `${speaker}: `}${clean(text)}\n`)
    .join("");
}

function toJson(utterances: readonly Utterance[]): object {
  const segments = inOrder(utterances).map((said) => ({
    channel: said.channel,
    start_ms: said.startMs,
    end_ms: said.endMs,
    text: clean(said.text),
    language: said.language,
    confidence: said.confidence,
    ...(said.speaker === "" ? {} : { speaker: said.speaker }),
    ...(said.words === undefined
      ? {}
      : {
          words: said.words.map(({ text, startMs, endMs, confidence }) => ({
            text: text.trim(), start_ms: startMs, end_ms: endMs, confidence,
          })),
        }),
  }));
  return { text: segments.map(({ text }) => text).filter((text) => text !== "").join(" "), segments };
}

function inOrder(utterances: readonly Utterance[]): Utterance[] {
  return [...utterances].sort((a, b) => a.startMs - b.startMs || a.channel - b.channel);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function clock(ms: number, mark: string): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const [h, m, s] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map(two);
  return `${h}:${m}:${s}${mark}${String(ms % 1000).padStart(3, "0")}`;
}
