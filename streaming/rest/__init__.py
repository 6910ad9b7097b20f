"""Recordings over HTTP: a file comes in whole, its text goes out, in OpenAI's forms.

The same session and scheduler that serve sockets, behind everybody who speaks at the moment
(``docs/openai.md``). Which dialect's fields and forms a request has is its route's business;
:class:`~streaming.rest.desk.Desk` and :mod:`~streaming.rest.decode` serve them all.
"""
