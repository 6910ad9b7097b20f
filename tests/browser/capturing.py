"""Pages that use ``wirescribe/capture``, built from its sources."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_CLIENT = Path(__file__).resolve().parents[2] / "client_js"
_BUILD = "import { buildModules } from './scripts/bundle.mjs'; await buildModules(process.argv[1]);"
TAB_HZ = 500
_MEETING = f"""
globalThis.play = async () => {{
  const context = new AudioContext();
  const tone = new OscillatorNode(context, {{ frequency: {TAB_HZ} }});
  tone.connect(new GainNode(context, {{ gain: 0.5 }})).connect(context.destination);
  tone.start();
  await context.resume();
}};
"""
_CAPTURING = """
import * as capture from "./client/capture.js";
import * as client from "./client/index.js";
Object.assign(globalThis, { capture, client });
// Before anybody has touched the page.
if (location.hash === "#early") {
  const { stream } = new MediaStreamAudioDestinationNode(new AudioContext());
  globalThis.early = capture.fromStreams({ early: stream });
}
"""


def build_pages(folder: Path) -> Path:
    """Writes the pages and the package that they use into `folder`; skips without Node.js."""
    if shutil.which("node") is None or not (_CLIENT / "node_modules" / "esbuild").is_dir():
        reason = "the JavaScript package can't be built here (Node.js, and `npm ci` in client_js)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    command = ["node", "--input-type=module", "-e", _BUILD, str(folder / "client")]
    subprocess.run(command, cwd=_CLIENT, check=True, capture_output=True)
    for name, script in (("meeting", _MEETING), ("capturing", _CAPTURING)):
        (folder / f"{name}.js").write_text(script)
        head = f"<!doctype html><title>{name}</title><script type=module src={name}.js></script>"
        (folder / f"{name}.html").write_text(head)
        # A policy that does not let scripts come from a Blob.
        strict = f"<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\">{head}"
        (folder / f"{name}-strict.html").write_text(strict)
    return folder
