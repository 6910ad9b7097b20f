"""Tests that drive a real Chromium, over the DevTools protocol, with a fake microphone."""
