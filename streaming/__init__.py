"""Wirescribe: live speech to text over a WebSocket."""

from __future__ import annotations

__version__ = "0.1.0"
