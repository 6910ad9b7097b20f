"""Who may come in: API keys, short-lived tokens, pages' origins, and what proxies say.

:class:`~streaming.auth.gate.Gate` is the one place where that is decided.
"""
