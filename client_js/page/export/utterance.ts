/** Something that was said, as files are made of it. */

export interface SpokenWord {
  text: string;
  startMs: number;
  endMs: number;
  confidence: number | null;
}

export interface Utterance {
  channel: number;
  /** Of the channel; empty where it has none. */
  speaker: string;
  startMs: number;
  endMs: number;
  text: string;
  /** Undefined where the times of words are not known. */
  words: readonly SpokenWord[] | undefined;
  language: string;
  /** Null where nobody knows: it never became final. */
  confidence: number | null;
}
