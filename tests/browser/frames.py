"""Measures how smooth a long transcript is: 50,000 words, and partials 5 times a second.

    python -m tests.browser.frames

Prints times between frames, and the time the page's own thread was busy with each partial.
"""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import chromium, find_chromium
from tests.browser.devtools import Page
from tests.browser.examples import MESSAGES, build_examples
from tests.browser.scripted import scripted_server

SECONDS = 8

_LOAD = """
put('<live-captions mode="transcript"></live-captions>');
for (let i = 0; i < 4200; i++)
  captions.message(final(i, `Number ${i} says: ` + 'word '.repeat(9) + '.', { channel: i % 3 }));
"""

# A partial grows by a word every 200 ms, its last four words a guess, and settles at forty.
_TALK = f"""
(async () => {{
  await new Promise((done) => setTimeout(done, 1000));
  let segment = 5000, revision = 0, words = [];
  const work = [];
  const talking = setInterval(() => {{
    words.push('word' + revision);
    const firm = Math.max(0, words.length - 4);
    captions.message(words.length < 40
      ? partial(segment, words.slice(0, firm).join(' '), ' ' + words.slice(firm).join(' '),
          {{ revision: ++revision }})
      : final(segment++, words.splice(0).join(' ')));
    requestAnimationFrame(() => {{
      const channel = new MessageChannel();
      const drawn = performance.now();
      channel.port1.onmessage = () => work.push(performance.now() - drawn);
      channel.port2.postMessage(0);
    }});
  }}, 200);
  const frames = [];
  let last = performance.now();
  const end = last + {SECONDS * 1000};
  await new Promise((done) => {{
    const next = (now) => {{
      frames.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(next); else done();
    }};
    requestAnimationFrame(next);
  }});
  clearInterval(talking);
  const at = (list, share) =>
    [...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))];
  return {{ words: captions.model.words, elements: inside.querySelectorAll('*').length,
    frames: frames.length, late: frames.filter((ms) => ms > 25).length,
    frame: [at(frames, 0.5), at(frames, 0.99), at(frames, 1)],
    work: [at(work, 0.5), at(work, 0.95), at(work, 1)] }};
}})()"""


async def measure(site: Path, profile: Path) -> dict[str, object]:
    """What one run of the browser showed."""
    browser = find_chromium()
    if browser is None:
        sys.exit("no Chromium found")
    async with (
        scripted_server(site) as server,
        chromium(browser, profile, microphone=None) as devtools,
        Page.opened(devtools) as page,
    ):
        await page.resize(1280, 800)
        await page.open(server.url + "empty/")
        await page.wait_for("customElements.get('live-captions')")
        await page.evaluate(MESSAGES + _LOAD)
        await page.evaluate(f"{_TALK}.then((found) => (window.found = found)); 0")
        found: dict[str, object] = await page.wait_for("window.found", 10 * SECONDS)
        return found


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        build_examples(Path(name) / "site")
        found = asyncio.run(measure(Path(name) / "site", Path(name) / "profile"))
    for key, value in found.items():
        print(f"{key:9} {value}")


if __name__ == "__main__":
    main()
