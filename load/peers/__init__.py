"""Other servers of live speech to text, played and scored as ours is.

Each peer runs in a virtual environment of its own, made from the pinned list beside this file. An
adapter turns what it says into the texts that its user would have on the screen (``display``), so
that one scoring serves all. What the adapters take and leave: docs/comparison.md.
"""
