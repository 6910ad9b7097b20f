"""What a user of the command line can get wrong beyond settings and sound."""

from __future__ import annotations

from streaming.errors import RequestError


class CommandError(RequestError):
    """A command that can't be done as given; the message names the argument and its value."""

    code = "bad_command"
