/**
 * What was said, cut into cues: what stands on screen together, on which lines, from when to when.
 *
 * The same cues as the server makes of a session (`streaming/captions/cues.py`), so that a file
 * saved here and one fetched there are one and the same; `test/cues.json` holds both to it. At most
 * two lines of about 37 columns, as the BBC's subtitle guidelines advise, cut at word times.
 */

import { breakable, clean, clusters, endsClause, endsSentence } from "./text.js";
import type { Utterance } from "./utterance.js";
import { textWidth } from "./width.js";

const LINE_WIDTH = 37;
const MAX_LINES = 2;
const MIN_MS = 1000;
const MAX_MS = 7000;
/** 180 words a minute. */
const COLUMN_MS = 55;
/** A gap too short to be seen as one only flickers. */
const JOIN_GAP_MS = 250;

export interface Cue {
  startMs: number;
  endMs: number;
  lines: string[];
  channel: number;
  /** Empty where the channel has no name. */
  speaker: string;
}

/** A stretch of text that no line is broken in. */
interface Chunk {
  text: string;
  spaced: boolean;
  startMs: number;
  endMs: number;
  width: number;
}

type Piece = readonly [text: string, spaced: boolean, startMs: number, endMs: number];

/** The cues of all channels in the order of their start. */
export function makeCues(utterances: readonly Utterance[]): Cue[] {
  const byChannel = new Map<string, Utterance[]>();
  for (const said of utterances) {
    const channel = `${said.channel} ${said.speaker}`;
    byChannel.set(channel, [...(byChannel.get(channel) ?? []), said]);
  }
  const cues = [...byChannel.values()].flatMap((said) => {
    const ordered = [...said].sort((a, b) => a.startMs - b.startMs);
    return timed(
      ordered.flatMap((each) =>
        cut(chunksOf(each)).map((chunks) => ({
          startMs: (chunks[0] as Chunk).startMs,
          endMs: Math.max(...chunks.map((chunk) => chunk.endMs)),
          lines: linesOf(chunks),
          channel: each.channel,
          speaker: clean(each.speaker),
        })),
      ),
    );
  });
  return cues.sort((a, b) => a.startMs - b.startMs || a.channel - b.channel);
}

/** An utterance's text in its smallest unbroken stretches, with times that never go back. */
function chunksOf(said: Utterance): Chunk[] {
  const chunks: Chunk[] = [];
  let now = Math.max(0, said.startMs);
  for (const [text, spaced, start, end] of piecesOf(said)) {
    now = Math.max(now, start);
    const chunk = { text, spaced, startMs: now, endMs: Math.max(now, end), width: textWidth(text) };
    const last = chunks.at(-1);
    if (last !== undefined && !breakable(last.text, text, spaced)) {
      last.text = spaced ? `${last.text} ${text}` : last.text + text;
      last.endMs = Math.max(last.endMs, chunk.endMs);
      last.width = textWidth(last.text);
    } else chunks.push(chunk);
  }
  return chunks;
}

/** Pieces of text, whether a space precedes each, and their times. */
function piecesOf(said: Utterance): Piece[] {
  const whole = clean(said.text);
  if (said.words === undefined || said.words.length === 0)
    return spread(whole, false, said.startMs, said.endMs, 0);
  let at = 0;
  return said.words.flatMap((word) => {
    const text = clean(word.text);
    // The utterance's text knows best where spaces stand; some sources strip their words.
    const rest = whole.slice(at).trimStart();
    let spaced = /^\s/u.test(word.text);
    if (rest.startsWith(text)) {
      spaced = rest.length < whole.length - at;
      at = whole.length - rest.length + text.length;
    }
    return spread(text, spaced, word.startMs, word.endMs, LINE_WIDTH);
  });
}

/**
 * One text at its spaces, and inside what is wider than `keepWidth` where its script allows. The
 * time is spread over the pieces by their width.
 */
function spread(text: string, spaced: boolean, start: number, end: number, keepWidth: number): Piece[] {
  const total = Math.max(1, textWidth(text));
  const pieces: Piece[] = [];
  let done = 0;
  for (const word of text.split(" ").filter((part) => part !== "")) {
    for (const piece of textWidth(word) <= keepWidth ? [word] : clusters(word)) {
      const width = textWidth(piece);
      const first = start + Math.floor(((end - start) * done) / total);
      pieces.push([piece, spaced, first, start + Math.floor(((end - start) * (done + width)) / total)]);
      spaced = false;
      done += width;
    }
    spaced = true;
    done += 1;
  }
  return pieces;
}

/** How badly a cue or line ends after this chunk. */
function endCost(chunk: Chunk): number {
  if (endsSentence(chunk.text)) return 0;
  return endsClause(chunk.text) ? 12 : 30;
}

/** Divides an utterance into cues at the least total cost (dynamic programming over ends). */
function cut(chunks: readonly Chunk[]): Chunk[][] {
  const best: (readonly [cost: number, first: number])[] = [[0, 0]];
  for (let first = 0; first < chunks.length; first += 1) {
    let place = { lines: 1, column: (chunks[first] as Chunk).width };
    const sofar = (best[first] as readonly [number, number])[0];
    for (let last = first; last < chunks.length; last += 1) {
      if (last > first) place = placed(chunks[last] as Chunk, place);
      if (place.lines > MAX_LINES) break;
      const cost = sofar + cueCost(chunks, first, last);
      const known = best[last + 1];
      if (known === undefined || cost < known[0] || (cost === known[0] && first < known[1]))
        best[last + 1] = [cost, first];
    }
  }
  const cues: Chunk[][] = [];
  for (let end = chunks.length; end > 0; ) {
    const [, first] = best[end] as readonly [number, number];
    cues.push(chunks.slice(first, end));
    end = first;
  }
  return cues.reverse();
}

function cueCost(chunks: readonly Chunk[], first: number, last: number): number {
  const end = chunks[last] as Chunk;
  const duration = end.endMs - (chunks[first] as Chunk).startMs;
  let cost = 40 + Math.max(0, duration - MAX_MS) / 20 + Math.max(0, MIN_MS - duration) / 20;
  // A sentence that ends in the midst of a cue reads less well than one that ends it.
  for (let at = first; at < last; at += 1) if (endsSentence((chunks[at] as Chunk).text)) cost += 30;
  const next = chunks[last + 1];
  if (next !== undefined) cost += Math.max(0, endCost(end) - (next.startMs - end.endMs) / 20);
  return cost;
}

/** Breaks one cue into as few lines as hold it, of like length, ending well. */
function linesOf(chunks: readonly Chunk[]): string[] {
  const count = lineCount(chunks);
  if (count === 1) return [joined(chunks)];
  const target = chunks.reduce((sum, chunk) => sum + chunk.width + Number(chunk.spaced), 0) / count;
  let best = Infinity;
  let bestAt = 1;
  for (let at = 1; at < chunks.length; at += 1) {
    const width = textWidth(joined(chunks.slice(0, at)));
    if ((width > LINE_WIDTH && at > 1) || lineCount(chunks.slice(at)) >= count) continue;
    const cost = Math.abs(width - target) + endCost(chunks[at - 1] as Chunk) / 4;
    if (cost < best) [best, bestAt] = [cost, at];
  }
  return [joined(chunks.slice(0, bestAt)), ...linesOf(chunks.slice(bestAt))];
}

function lineCount(chunks: readonly Chunk[]): number {
  let place = { lines: 1, column: (chunks[0] as Chunk).width };
  for (const chunk of chunks.slice(1)) place = placed(chunk, place);
  return place.lines;
}

/** A chunk behind others: on their last line where it fits, else on a new one. */
function placed(chunk: Chunk, { lines, column }: { lines: number; column: number }) {
  const after = column + Number(chunk.spaced) + chunk.width;
  return after <= LINE_WIDTH ? { lines, column: after } : { lines: lines + 1, column: chunk.width };
}

function joined(chunks: readonly Chunk[]): string {
  return chunks.map(({ spaced, text }) => (spaced ? ` ${text}` : text)).join("").trim();
}

/** One channel's cues without overlap, each long enough to be read where there is room. */
function timed(cues: readonly Cue[]): Cue[] {
  let now = 0;
  const ordered = cues.map((cue) => {
    const startMs = Math.max(now, cue.startMs);
    now = Math.max(startMs + 1, cue.endMs);
    return { ...cue, startMs, endMs: now };
  });
  return ordered.map((cue, at) => {
    const columns = cue.lines.reduce((sum, line) => sum + textWidth(line), 0);
    const wanted = Math.max(cue.endMs, cue.startMs + Math.max(MIN_MS, COLUMN_MS * columns));
    const next = ordered[at + 1];
    const near = next !== undefined && next.startMs - wanted < JOIN_GAP_MS;
    return { ...cue, endMs: near ? next.startMs : wanted };
  });
}
