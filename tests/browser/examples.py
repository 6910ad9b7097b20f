"""The browser examples and the package, built as a person would build them, and an empty page."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "client_js"
AXE = CLIENT / "node_modules" / "axe-core" / "axe.min.js"

_EMPTY = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Captions</title>
    <script type="module" src="../client_js/dist/live-captions.js"></script>
  </head>
  <body><main><h1>Captions</h1></main></body>
</html>
"""

# What a server would say, and `put`, which begins anew with one element.
MESSAGES = """
window.final = (segment, text, fields = {}) => ({ type: 'final', segment, channel: 0,
  start_ms: segment * 4000, end_ms: segment * 4000 + 3500, text, confidence: 1, language: 'en',
  language_confidence: 1, reason: 'silence', words: [], ...fields });
window.partial = (segment, committed, tentative, fields = {}) => ({ type: 'partial', segment,
  revision: 1, channel: 0, start_ms: segment * 4000, end_ms: segment * 4000 + 900,
  text: committed + tentative, committed, tentative, language: 'en', ...fields });
window.put = (html) => {
  document.querySelector('main').innerHTML = '<h1>Captions</h1>' + html;
  window.captions = document.querySelector('live-captions');
  window.inside = captions.shadowRoot;
};
window.frames2 = () => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)));
0
"""


def build_examples(folder: Path) -> None:
    """Builds into ``folder``; skips where npm's packages are missing, and fails so on CI."""
    node = shutil.which("node")
    if node is None or not AXE.is_file():
        reason = "no Node.js, or `npm ci` has not been run in client_js"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    subprocess.run([node, CLIENT / "scripts" / "examples.mjs", folder], check=True, timeout=120)
    (folder / "empty").mkdir()
    (folder / "empty" / "index.html").write_text(_EMPTY, encoding="utf-8")
