/** Server-sent events out of a text that grows (WHATWG HTML, "Server-sent events"). Pure. */

export class SseReader {
  #read = 0;
  #data: string[] = [];

  /** The `data` of each event that is complete by now; `text` is everything received so far. */
  take(text: string): string[] {
    const events: string[] = [];
    for (let end = text.indexOf("\n", this.#read); end >= 0; end = text.indexOf("\n", this.#read)) {
      const line = text.slice(this.#read, end).replace(/\r$/, "");
      this.#read = end + 1;
      if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line === "" && this.#data.length > 0) {
        events.push(this.#data.join("\n"));
        this.#data = [];
      }
    }
    return events;
  }
}
