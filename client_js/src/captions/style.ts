/**
 * How `<live-captions>` looks. It is adopted as a constructed sheet, which a strict
 * Content-Security-Policy (`style-src 'self'`) allows; nothing has an inline style in its markup.
 *
 * Every pair of text and ground has a contrast of 4.5:1 or more in each of the three themes; those
 * with raised contrast have 7:1.
 */

const LIGHT = `
  --ground: #ffffff; --raised: #f3f1ec; --ink: #1b1c20; --soft: #575861; --edge: #85868e; --accent: #0b6b5c;
  --mark: #ffe08a; --mark-now: #ffb454;
  --s0: #1d4ed8; --s1: #b3261e; --s2: #0b6b5c; --s3: #7a3ea8; --s4: #8a4b00; --s5: #9b1060; --s6: #4a5d00; --s7: #475569;
  color-scheme: light;`;

const DARK = `
  --ground: #15171b; --raised: #23262c; --ink: #f2f2f5; --soft: #adafba; --edge: #797c86; --accent: #63d6c1;
  --mark: #6b5310; --mark-now: #8f5a00;
  --s0: #8ab4ff; --s1: #ff958a; --s2: #63d6c1; --s3: #d3a6ff; --s4: #ffc773; --s5: #ff9ccc; --s6: #b7d36b; --s7: #b8c2d0;
  color-scheme: dark;`;

/* The colours of broadcast subtitles on black. */
const HIGH = `
  --ground: #000000; --raised: #1c1c1c; --ink: #ffffff; --soft: #ffffff; --edge: #ffffff; --accent: #ffff00;
  --mark: #5a5a00; --mark-now: #7a4a00;
  --s0: #ffffff; --s1: #ffff00; --s2: #00ffff; --s3: #00ff00; --s4: #ffb3ff; --s5: #ffc680; --s6: #b3c6ff; --s7: #d9d9d9;
  color-scheme: dark;`;

export const css = `
:host {
  ${LIGHT}
  --size: var(--live-captions-size, 1.5rem);
  display: block;
  position: relative;
  min-inline-size: 0;
  color: var(--ink);
  font: 400 1rem/1.4 var(--live-captions-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif);
  -webkit-text-size-adjust: 100%;
}
@media (prefers-color-scheme: dark) { :host { ${DARK} } }
@media (prefers-contrast: more) { :host { ${HIGH} } }
:host([theme="light"]) { ${LIGHT} }
:host([theme="dark"]) { ${DARK} }
:host([contrast="high"]) { ${HIGH} }
:host([hidden]) { display: none; }
:host([size="small"]) { --size: var(--live-captions-size, 1.125rem); }
:host([size="large"]) { --size: var(--live-captions-size, 2rem); }
:host([size="larger"]) { --size: var(--live-captions-size, 2.75rem); }
:host([size="huge"]) { --size: var(--live-captions-size, 4rem); }

:host([position="top"]), :host([position="bottom"]) {
  position: fixed;
  z-index: var(--live-captions-layer, 2147483000);
  inset-inline: 0;
  inline-size: fit-content;
  max-inline-size: calc(100vw - 1rem);
  margin-inline: auto;
  translate: var(--dx, 0) var(--dy, 0);
}
:host([position="top"]) { inset-block: max(.75rem, env(safe-area-inset-top)) auto; }
:host([position="bottom"]) { inset-block: auto max(.75rem, env(safe-area-inset-bottom)); }
:host([mode="transcript"]) { block-size: 24rem; }
:host([position="top"][mode="transcript"]), :host([position="bottom"][mode="transcript"]) { block-size: min(24rem, 60vh); inline-size: min(44rem, calc(100vw - 1rem)); }
/* A window of its own: as wide as its 37 columns. */
:host([floating]) { block-size: 100vh; --size: max(1rem, min(4.2vw, 22vh)); }
:host([floating]) .frame { border-radius: 0; }
:host([floating]) .stage { justify-content: center; }
:host([floating][mode="transcript"]) { --size: var(--live-captions-size, 1.25rem); }

* { box-sizing: border-box; }
[hidden] { display: none !important; }
.frame { display: flex; flex-direction: column; block-size: 100%; min-block-size: 0; background: var(--live-captions-ground, var(--ground)); border-radius: var(--live-captions-radius, .75rem); }
.offscreen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
p { margin: 0; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }

.stage { position: relative; display: flex; flex: 1; flex-direction: column; min-block-size: 0; }

/* Text: what stands is firm, a guess is lighter and underlined with dots. */
.firm { font-weight: 500; }
.guess {
  font-weight: 400;
  color: var(--soft);
  text-decoration: underline dotted .08em;
  text-underline-offset: .22em;
  text-decoration-skip-ink: none;
}
.who { font-weight: 700; }
.text { overflow-wrap: anywhere; line-break: strict; text-align: start; unicode-bidi: isolate; }
:lang(ko) { word-break: keep-all; }
@supports (word-break: auto-phrase) { :lang(ja) { word-break: auto-phrase; } }
${Array.from({ length: 8 }, (_, i) => `[data-speaker="${i}"] { --speaker: var(--s${i}); }`).join("\n")}

/* Rows */
.screen { padding: .55em .8em; font-size: var(--size); }
.rows {
  inline-size: 22em;
  max-inline-size: 100%;
  block-size: calc(var(--rows) * 1.4em);
  display: flex;
  flex-direction: column;
  justify-content: flex-end;
  overflow: hidden;
  margin-inline: auto;
  font-weight: 500;
}
.row { flex: none; min-block-size: 1.4em; line-height: 1.4; white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; color: var(--speaker, var(--ink)); }
.row .guess { color: inherit; }
.row:not([data-speaker]) .guess { color: var(--soft); }
:host([background="text"]) .frame { background: none; }
:host([background="text"]) .row > span { background: var(--live-captions-ground, var(--ground)); box-decoration-break: clone; -webkit-box-decoration-break: clone; }
:host([background="text"]) .row > span:first-child { padding-inline-start: .3em; }
:host([background="text"]) .row > span:last-child { padding-inline-end: .3em; }
:host([background="none"]) .frame { background: none; }
:host([background="none"]) .row { text-shadow: 0 0 .12em #000, 0 0 .12em #000, .04em .04em .1em #000, -.04em -.04em .1em #000; }
:host([align="center"]) .row { text-align: center; }

/* Transcript */
.port { flex: 1; min-block-size: 4rem; overflow-y: auto; overscroll-behavior: contain; overflow-anchor: none; padding: 1rem; outline-offset: -4px; border-radius: inherit; contain: content; position: relative; }
.content { max-inline-size: var(--live-captions-measure, 44rem); margin-inline: auto; }
.line { padding-block: .25em; font-size: var(--size); line-height: 1.42; }
.line .who { color: var(--speaker, var(--ink)); }
.line[data-speaker] { border-inline-start: .16em solid var(--speaker); padding-inline-start: .55em; }
.time { display: none; font-size: .8125rem; font-variant-numeric: tabular-nums; color: var(--soft); user-select: none; margin-inline-end: .75rem; }
:host([timestamps]) .time { display: inline-block; min-inline-size: 3rem; }
.recording { margin-block-start: 1rem; border-block-start: 1px solid var(--edge); padding-block-start: 1rem; }
.found { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .25rem; }
::highlight(live-captions-found) { background-color: var(--mark, #ffe08a); }
::highlight(live-captions-current) { background-color: var(--mark-now, #ffb454); text-decoration: underline 2px; }
.latest { position: absolute; inset-block-end: .75rem; inset-inline: 0; inline-size: max-content; margin-inline: auto; box-shadow: 0 2px 10px rgb(0 0 0 / 25%); }

/* Controls */
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .375rem; padding: .5rem; border-block-end: 1px solid color-mix(in srgb, var(--edge) 40%, transparent); }
.status { flex: 1 1 6rem; min-inline-size: 0; padding-inline: .5rem; font-size: .9375rem; color: var(--soft); }
.status:empty { flex-basis: 0; padding: 0; }
.problem { padding: .6rem .9rem; font-size: 1rem; font-weight: 600; border-inline-start: .3rem solid var(--accent); margin: .5rem; background: var(--raised); }
button {
  display: inline-flex; align-items: center; justify-content: center; gap: .4rem;
  min-inline-size: 2.75rem; min-block-size: 2.75rem; padding: .3rem .75rem;
  border: 1px solid var(--edge); border-radius: .6rem;
  background: var(--raised); color: var(--ink); font: inherit; font-weight: 600; line-height: 1.2; cursor: pointer;
}
button:disabled { color: var(--soft); border-style: dashed; cursor: default; }
button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 2px var(--accent); }
button.start { background: var(--accent); border-color: var(--accent); color: var(--ground); }
@media (hover: hover) { button:hover:not(:disabled) { border-color: var(--accent); } }
.move { cursor: move; touch-action: none; }
svg { inline-size: 1.25rem; block-size: 1.25rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.away { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; padding: 1rem; }

@media (forced-colors: active) {
  .frame { border: 1px solid; }
  .guess { color: GrayText; }
  button[aria-pressed="true"] { forced-color-adjust: none; background: Highlight; color: HighlightText; }
}
`;

/** The sheet for a document; one that was made in another window can't be adopted. */
export function sheetFor(document: Document): CSSStyleSheet {
  const view = (document.defaultView ?? globalThis) as typeof globalThis;
  let sheet = sheets.get(document);
  if (sheet === undefined) {
    sheet = new view.CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(document, sheet);
  }
  return sheet;
}

const sheets = new WeakMap<Document, CSSStyleSheet>();
