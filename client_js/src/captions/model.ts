/**
 * What the messages of a session add up to: caption lines, without any DOM.
 *
 * A line is open while its segment is being spoken (`committed` stands, `tentative` may change)
 * and settled once its final arrived. A settled line never changes again.
 */

import type { FeedMessage } from "../feed.js";
import type { Final, PartialText, ServerMessage } from "../protocol.js";

export interface CaptionLine {
  /** Stable for the life of the line. */
  readonly key: string;
  readonly segment: number;
  readonly channel: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly committed: string;
  /** Includes the space that parts it from `committed`, where the language has one. */
  readonly tentative: string;
  readonly settled: boolean;
  /** BCP 47 tag of the text, empty while unknown. */
  readonly language: string;
}

export type CaptionChange =
  | { kind: "updated"; line: CaptionLine }
  | { kind: "settled"; line: CaptionLine }
  | { kind: "removed"; key: string };

/** Settled lines kept; a talk of a day stays below it. */
const CAPACITY = 20_000;

export class CaptionModel {
  readonly #open = new Map<string, CaptionLine & { revision: number }>();
  readonly #done = new Set<string>();
  #settled: CaptionLine[] = [];
  #generation = 0;
  #textLanguage = "";

  /** Language of the text where it differs from the spoken one: `en` when translating. */
  set textLanguage(language: string) {
    this.#textLanguage = language;
  }

  /** Settled lines in the order of their start, then the open ones. */
  get lines(): readonly CaptionLine[] {
    return [...this.#settled, ...[...this.#open.values()].sort(byStart)];
  }

  get words(): number {
    return this.#settled.reduce((sum, line) => sum + countWords(line.committed), 0);
  }

  /** All text so far, one line each; the tentative tail is not part of it. */
  text(): string {
    return this.lines
      .map((line) => line.committed.trim())
      .filter((text) => text !== "")
      .join("\n");
  }

  apply(message: ServerMessage | FeedMessage): CaptionChange | undefined {
    switch (message.type) {
      case "partial":
        return this.#partial(message);
      case "final":
        return this.#final(message);
      case "warning":
        return message.code === "suppressed" ? this.#suppressed(message.detail) : undefined;
      default:
        return undefined;
    }
  }

  /**
   * A new session took over. Open lines will be told again from their start; where audio was
   * lost in between they can't be, and what was shown of them stays.
   */
  reconnected(lostMs: number): CaptionChange[] {
    return lostMs > 0 ? this.settleOpen() : this.#removeOpen();
  }

  /** The session is over: what was shown of open lines stays as it is. */
  settleOpen(): CaptionChange[] {
    return [...this.#open.values()].map((line) => this.#settle(line, line.committed + line.tentative));
  }

  /** Forgets all text; a line that is still open comes back with its next partial. */
  clear(): void {
    this.#settled = [];
    this.#open.clear();
  }

  /** Forgets which segments there were: a new transcription counts from 0 again. */
  restart(): CaptionChange[] {
    const changes = this.settleOpen();
    this.#generation += 1;
    this.#done.clear();
    return changes;
  }

  #partial(message: PartialText): CaptionChange | undefined {
    const key = this.#key(message);
    const known = this.#open.get(key);
    if (this.#done.has(key) || (known && message.revision < known.revision)) return undefined;
    const committed = message.committed.trimStart();
    const line = {
      ...this.#facts(key, message),
      revision: message.revision,
      committed,
      tentative: committed === "" ? message.tentative.trimStart() : gap(message) + message.tentative,
      settled: false,
    };
    if (line.committed + line.tentative === "") return undefined;
    this.#open.set(key, line);
    return { kind: "updated", line };
  }

  #final(message: Final): CaptionChange | undefined {
    const key = this.#key(message);
    if (this.#done.has(key)) return undefined;
    const facts = { ...this.#facts(key, message), committed: "", tentative: "", settled: false };
    const text = message.text.trim();
    return text === "" ? this.#remove(key) : this.#settle(facts, text);
  }

  #suppressed(detail: Readonly<Record<string, unknown>>): CaptionChange | undefined {
    const { segment, channel } = detail;
    const line = [...this.#open.values()].find(
      (open) => open.segment === segment || (segment === undefined && open.channel === channel),
    );
    return line === undefined ? undefined : this.#remove(line.key);
  }

  #settle(line: CaptionLine, text: string): CaptionChange {
    const { key, segment, channel, startMs, endMs, language } = line;
    const settled = {
      key, segment, channel, startMs, endMs, language,
      committed: text, tentative: "", settled: true,
    };
    this.#open.delete(key);
    this.#done.add(key);
    let at = this.#settled.length;
    while (at > 0 && byStart(this.#settled[at - 1] as CaptionLine, settled) > 0) at -= 1;
    this.#settled.splice(at, 0, settled);
    if (this.#settled.length > CAPACITY) this.#settled.shift();
    return { kind: "settled", line: settled };
  }

  #remove(key: string): CaptionChange {
    this.#open.delete(key);
    this.#done.add(key);
    return { kind: "removed", key };
  }

  #removeOpen(): CaptionChange[] {
    const keys = [...this.#open.keys()];
    this.#open.clear();
    return keys.map((key) => ({ kind: "removed", key }));
  }

  #key(message: PartialText | Final): string {
    return `${this.#generation}:${message.channel}:${message.segment}`;
  }

  #facts(key: string, message: PartialText | Final) {
    return {
      key,
      segment: message.segment,
      channel: message.channel,
      startMs: message.start_ms,
      endMs: message.end_ms,
      language: bcp47(this.#textLanguage || message.language),
    };
  }
}

/** Whisper's language code as a browser knows it. */
export function bcp47(code: string): string {
  if (code === "auto" || code === "unknown") return "";
  return code === "jw" ? "jv" : code;
}

/** What parts the committed from the tentative text: a space, or nothing in Chinese. */
function gap(message: PartialText): string {
  const { text, committed, tentative } = message;
  const between = text.length - committed.length - tentative.length;
  if (between <= 0 || !text.startsWith(committed) || !text.endsWith(tentative)) return "";
  return text.slice(committed.length, committed.length + between);
}

function byStart(a: CaptionLine, b: CaptionLine): number {
  // Times of different transcriptions don't compare; the later one was settled later.
  if (a.key.split(":", 1)[0] !== b.key.split(":", 1)[0]) return 0;
  return a.startMs - b.startMs || a.segment - b.segment;
}

/** Words as a reader counts them; characters of scripts that write none of the spaces count alone. */
export function countWords(text: string): number {
  return text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}'’-]+/gu)
    ?.length ?? 0;
}
