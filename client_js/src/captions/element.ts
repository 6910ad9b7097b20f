/** `<live-captions>`: a custom element that shows what is being said. */

// Loading the package where there is no document (a server that renders pages) must not fail.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class LiveCaptions extends Base {}
