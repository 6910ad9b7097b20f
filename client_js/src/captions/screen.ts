/**
 * A few rows of text that scroll up word by word, without any DOM.
 *
 * What one speaker says without a long pause is a turn, and flows on from segment to segment; another
 * speaker begins a row of their own. Words appear at an even pace. Rows that have left
 * the screen are forgotten.
 */

import { columns, direction, tokens, type Token } from "./breaking.js";
import type { CaptionChange, CaptionLine } from "./model.js";
import { Pace } from "./pace.js";
import { carried, cut, fill, type Breaks, type Fits } from "./rows.js";

/** Characters in a row, by BBC practice. */
export const ROW_COLUMNS = 37;
/** A longer pause ends a turn. */
const PAUSE_MS = 3000;

export interface RowPart {
  readonly text: string;
  /** Whether it stands; else it is a guess. */
  readonly firm: boolean;
  /** Whether its final has arrived. */
  readonly settled: boolean;
  readonly language: string;
}

export interface Row {
  /** Stable for the life of the row. */
  readonly id: string;
  readonly channel: number;
  /** Whether a turn of this speaker begins here. */
  readonly first: boolean;
  readonly direction: "ltr" | "rtl" | "auto";
  readonly parts: readonly RowPart[];
}

interface Word extends Token {
  readonly key: string;
  readonly firm: boolean;
}

interface Piece {
  line: CaptionLine;
  words: Word[];
  shown: number;
  /** Up to where its text has left the screen. */
  gone: number;
}

interface Turn {
  readonly id: number;
  readonly channel: number;
  readonly generation: string;
  readonly direction: "ltr" | "rtl" | "auto";
  pieces: Piece[];
  breaks: Breaks;
  before: string[];
  /** Rows and pieces that have left the screen. */
  rowsGone: number;
}

export interface ScreenOptions {
  rows: number;
  wordsPerMinute: number;
  /** How long text stays after the last change; 0 for ever. */
  lingerMs: number;
  /** Whether to leave out what may still change. */
  firmOnly: boolean;
  /** The name before the first row of a turn, which takes room in it. */
  nameOf: (channel: number) => string;
}

export class Screen {
  readonly #options: ScreenOptions;
  readonly #pace: Pace;
  #turns: Turn[] = [];
  #nextTurn = 0;
  #fits: Fits = (text) => columns(text) <= ROW_COLUMNS;
  #changedAt = 0;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#pace = new Pace(options.wordsPerMinute);
  }

  /** How wide a row may be besides its 37 columns; asked again of everything on the screen. */
  set fits(fits: Fits) {
    this.#fits = (text) => columns(text) <= ROW_COLUMNS && fits(text);
    for (const turn of this.#turns) {
      turn.breaks = [];
      for (const piece of turn.pieces) {
        const until = piece.words[piece.shown - 1]?.end ?? piece.gone;
        piece.words = this.#words(piece.line).filter(({ end }) => end > piece.gone);
        piece.shown = piece.words.filter(({ end }) => end <= until).length;
      }
    }
  }

  apply(change: CaptionChange, nowMs: number): void {
    if (change.kind === "removed") this.#remove(change.key);
    else this.#show(change.line);
    this.#changedAt = nowMs;
  }

  clear(): void {
    this.#turns = [];
  }

  /** Shows the words that are due; whether that, or the time, changed anything. */
  tick(nowMs: number): boolean {
    if (this.#lingered(nowMs)) {
      this.clear();
      return true;
    }
    let due = this.#pace.take(this.#waiting, nowMs);
    if (due === 0) return false;
    this.#changedAt = nowMs;
    for (const piece of this.#pieces()) {
      const now = Math.min(due, piece.words.length - piece.shown);
      piece.shown += now;
      due -= now;
    }
    return true;
  }

  /** Milliseconds until `tick` has something to do; undefined where it never will. */
  wait(nowMs: number): number | undefined {
    if (this.#waiting > 0) return this.#pace.wait(nowMs);
    const { lingerMs } = this.#options;
    if (lingerMs <= 0 || this.#turns.length === 0 || this.#open) return undefined;
    return Math.max(0, this.#changedAt + lingerMs - nowMs);
  }

  /** What is on the screen, the newest row last. */
  rows(): Row[] {
    const filled = this.#turns.map((turn) => this.#fill(turn));
    const all = filled.flat();
    const chosen = new Set<Row>();
    // Where two speak at once, each keeps the row that they are at.
    this.#turns.forEach((turn, i) => {
      const last = filled[i]?.at(-1);
      if (last !== undefined && turn.pieces.some(({ line }) => !line.settled)) chosen.add(last);
    });
    while (chosen.size > this.#options.rows) chosen.delete([...chosen][0] as Row);
    for (let i = all.length - 1; i >= 0 && chosen.size < this.#options.rows; i -= 1)
      chosen.add(all[i] as Row);
    const shown = all.filter((row) => chosen.has(row));
    this.#forget(shown[0]);
    return shown;
  }

  get #waiting(): number {
    let sum = 0;
    for (const piece of this.#pieces()) sum += piece.words.length - piece.shown;
    return sum;
  }

  get #open(): boolean {
    for (const { line } of this.#pieces()) if (!line.settled) return true;
    return false;
  }

  *#pieces(): Iterable<Piece> {
    for (const turn of this.#turns) yield* turn.pieces;
  }

  #lingered(nowMs: number): boolean {
    const { lingerMs } = this.#options;
    const over = lingerMs > 0 && nowMs >= this.#changedAt + lingerMs;
    return over && this.#turns.length > 0 && this.#waiting === 0 && !this.#open;
  }

  #words(line: CaptionLine): Word[] {
    const { key, committed, tentative, language } = line;
    const text = this.#options.firmOnly ? committed : committed + tentative;
    const words = tokens(text, language).map((token) => ({
      ...token,
      key,
      firm: token.end <= committed.length,
    }));
    return cut(words, this.#fits);
  }

  #show(line: CaptionLine): void {
    for (const known of this.#pieces()) {
      if (known.line.key !== line.key) continue;
      const all = known.shown > 0 && known.shown === known.words.length;
      known.words = this.#words(line);
      // A final that says the same with one more comma has nothing left to pace.
      const settles = all && line.settled && known.words.length - known.shown <= 1;
      known.shown = settles ? known.words.length : Math.min(known.shown, known.words.length);
      known.line = line;
      return;
    }
    const piece = { line, words: this.#words(line), shown: 0, gone: 0 };
    this.#turnFor(line).pieces.push(piece);
  }

  #turnFor(line: CaptionLine): Turn {
    const last = this.#turns.at(-1);
    const end = last?.pieces.at(-1)?.line;
    const generation = line.key.slice(0, line.key.indexOf(":"));
    const written = direction(line.language);
    if (
      last !== undefined && end !== undefined &&
      last.channel === line.channel && last.generation === generation &&
      last.direction === written && line.startMs >= end.startMs &&
      line.startMs - end.endMs < PAUSE_MS
    )
      return last;
    const turn: Turn = {
      id: (this.#nextTurn += 1), channel: line.channel, generation, direction: written,
      pieces: [], breaks: [], before: [], rowsGone: 0,
    };
    this.#turns.push(turn);
    return turn;
  }

  #remove(key: string): void {
    for (const turn of this.#turns) turn.pieces = turn.pieces.filter(({ line }) => line.key !== key);
    this.#turns = this.#turns.filter(({ pieces }) => pieces.length > 0);
  }

  #fill(turn: Turn): Row[] {
    const words = turn.pieces.flatMap(({ words, shown }) => words.slice(0, shown));
    const name = turn.rowsGone === 0 ? this.#options.nameOf(turn.channel) : "";
    const texts = words.map(({ text }) => text);
    const lead = name === "" ? [] : [{ text: `${name}:`, spaced: false }];
    const line = [...lead, ...words];
    const shift = lead.length;
    const wanted = carried(turn.before, texts, turn.breaks).map((at) => at + shift);
    const starts = fill(line, wanted, this.#fits).map((at) => Math.max(0, at - shift));
    const breaks = [...new Set(starts)];
    turn.breaks = breaks;
    turn.before = texts;
    const lines = new Map(turn.pieces.map(({ line }) => [line.key, line]));
    return (words.length === 0 ? [] : breaks).map((from, i) => ({
      id: `${turn.id}.${turn.rowsGone + i}`,
      channel: turn.channel,
      first: turn.rowsGone + i === 0,
      direction: turn.direction,
      parts: parts(words.slice(from, breaks[i + 1]), lines),
    }));
  }

  /** Drops what stands before the first row shown and can't change any more. */
  #forget(first: Row | undefined): void {
    if (first === undefined) return;
    const [id, ordinal] = first.id.split(".").map(Number) as [number, number];
    const over = ({ line, words, shown }: Piece) => line.settled && shown === words.length;
    this.#turns = this.#turns.filter((turn) => turn.id >= id || !turn.pieces.every(over));
    const turn = this.#turns.find((turn) => turn.id === id);
    if (turn === undefined) return;
    let rows = ordinal - turn.rowsGone;
    let gone = turn.breaks[rows] ?? 0;
    const firm = turn.pieces.findIndex((piece) => !over(piece));
    const words = turn.pieces.slice(0, firm < 0 ? undefined : firm).reduce((sum, piece) => sum + piece.words.length, 0);
    while (rows > 0 && gone > words) gone = turn.breaks[(rows -= 1)] ?? 0;
    if (rows === 0) return;
    turn.rowsGone += rows;
    turn.breaks = turn.breaks.slice(rows).map((at) => at - gone);
    turn.before = turn.before.slice(gone);
    for (const piece of turn.pieces) {
      const now = Math.min(gone, piece.words.length);
      piece.gone = piece.words[now - 1]?.end ?? piece.gone;
      piece.words = piece.words.slice(now);
      piece.shown -= now;
      gone -= now;
    }
    // The last piece stays: it says where the turn got to.
    turn.pieces = turn.pieces.filter((piece, i) => piece.words.length > 0 || i === turn.pieces.length - 1);
  }
}

/** Neighbouring words of one kind as one text; a space belongs to the text before it. */
function parts(words: readonly Word[], lines: ReadonlyMap<string, CaptionLine>): RowPart[] {
  const made: { -readonly [K in keyof RowPart]: RowPart[K] }[] = [];
  words.forEach(({ text, spaced, key, firm }, i) => {
    const { settled = false, language = "" } = lines.get(key) ?? {};
    const last = made.at(-1);
    if (last !== undefined && spaced && i > 0) last.text += " ";
    if (last?.firm === firm && last.settled === settled && last.language === language) last.text += text;
    else made.push({ text, firm, settled, language });
  });
  return made;
}
