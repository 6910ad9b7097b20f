"""Who a connection belongs to, once its credentials have been checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A client as far as the server knows it; what it may do is counted against these names.

    Nothing here is secret: a name may be logged, a subject is the operator's own and is not.
    """

    key: str = ""
    """The public name of the API key, also of the one a token was made with; "" without a key."""

    key_id: str = ""
    """Tells two keys of one name apart, one made after the other was revoked."""

    subject: str = ""
    """Whom the token was made for, in the words of who asked for it; "" when not said."""

    origin: str | None = None
    """The web page's origin that the client speaks for; None where no browser is involved."""

    max_session_ms: int | None = None
    """Audio of one session, below the server's own cap; None: no other than that."""

    max_sessions: int | None = None
    """Sessions of the key at a time, over all of its tokens; None: no other than the server's."""

    @property
    def anonymous(self) -> bool:
        """Whether no key stands behind the client."""
        return not self.key


ANONYMOUS = Principal()
"""A client without a key, where one is let in."""
