"""The ways in: one dialect a module, all on the same session and the same pump."""
