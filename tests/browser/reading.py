"""What a reader could tell of the page, asked of the page itself."""

from __future__ import annotations

from typing import Any

from tests.browser.devtools import Page, Tab
from tests.browser.steps import CAPTIONS, LOG, OPEN

# Relative luminance and contrast as WCAG 2.2 defines them. Colours are painted on a canvas, which
# reads every notation CSS has; grounds are composed from the page's own up to the element's.
_CONTRAST = """
(() => {
  %(everything)s
  const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 })
    .getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], ground) =>
    [r, g, b].map((v, i) => (v * a + ground[i] * (255 - a)) / 255);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) =>
      v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    const chain = [];
    for (let e = element; e; e = e.parentElement ?? e.getRootNode().host)
      chain.unshift(getComputedStyle(e).backgroundColor);
    return chain.reduce((ground, colour) => over(rgba(colour), ground), [255, 255, 255]);
  };
  const found = [];
  for (const element of everything()) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
    if (!own || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest('.offscreen, :disabled, option, noscript, .skip')) continue;
    const ground = groundOf(element);
    const ink = over(rgba(getComputedStyle(element).color), ground);
    const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
    const what = element.className + ' ' + element.textContent.trim();
    found.push([(high + 0.05) / (low + 0.05), what]);
  }
  return found;
})()
"""
# All elements, those in shadow roots as well.
_EVERYTHING = """
const everything = (root = document.body) => [...root.querySelectorAll('*')].flatMap((e) =>
  e.shadowRoot ? [e, ...everything(e.shadowRoot)] : [e]);
"""


async def contrasts(page: Page) -> list[tuple[float, str]]:
    """Contrast of every piece of visible text with its ground, and what it says."""
    found: list[list[Any]] = await page.evaluate(_CONTRAST.replace("%(everything)s", _EVERYTHING))
    return [(float(ratio), str(what)) for ratio, what in found]


async def overflow(page: Page) -> list[str]:
    """What sticks out of the window to the side."""
    sticking_out: list[str] = await page.evaluate(
        f"(() => {{ {_EVERYTHING} return everything().filter((e) => e.checkVisibility() && "
        "!e.closest('.offscreen, .skip') && "
        "(e.getBoundingClientRect().right > innerWidth + 0.5 || "
        "e.getBoundingClientRect().left < -0.5))"
        ".map((e) => e.outerHTML.slice(0, 80)); })()"
    )
    return sticking_out


async def top(page: Page, selector: str) -> float:
    """How far from the window's top an element of the captions begins, in CSS pixels."""
    found = f"{CAPTIONS}.querySelector({selector!r})"
    return float(await page.evaluate(f"{found}.getBoundingClientRect().top"))


async def log_lines(page: Tab) -> list[str]:
    """What stands in the region that a screen reader reads out, once what is pending is drawn.

    That happens with the next frame, or a quarter of a second later where no frames come.
    """
    lines: list[str] = await page.evaluate(
        "new Promise((drawn) => { requestAnimationFrame(drawn); setTimeout(drawn, 250); })"
        f".then(() => [...{LOG}.querySelectorAll('.text')].map((e) => e.textContent))"
    )
    return lines


async def open_text(page: Tab) -> str:
    """What is being said, as a reader sees it."""
    return str(await page.evaluate(f"{OPEN}.querySelector('.text')?.innerText ?? ''"))
