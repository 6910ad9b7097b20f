"""OpenAI's Realtime API for transcription: ``/v1/realtime?intent=transcription``.

GA and old beta names, as ``openai`` for Python and JavaScript speak them. ``docs/openai.md`` says
what is different.
"""
