/** A text said over and over, as a server would tell of it. */

const TEXT =
  "I came to Casterbridge by the coach on a wet evening in March, and nobody at the inn had a room to let.";

export function demo(captions) {
  const words = TEXT.split(" ");
  let segment = 0;
  let said = 0;
  setInterval(() => {
    said += 2;
    const committed = words.slice(0, Math.max(0, said - 3)).join(" ");
    const tentative = words.slice(Math.max(0, said - 3), said).join(" ");
    const facts = { segment, channel: 0, start_ms: segment * 9000, end_ms: segment * 9000 + said * 300, language: "en" };
    if (said < words.length) {
      const text = [committed, tentative].filter(Boolean).join(" ");
      captions.message({ type: "partial", revision: said, text, committed, tentative, ...facts });
      return;
    }
    captions.message({
      type: "final", text: TEXT, confidence: 1, language_confidence: 1, reason: "silence", words: [], ...facts,
    });
    segment += 1;
    said = 0;
  }, 700);
}
