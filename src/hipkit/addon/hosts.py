"""The HipChat servers that an add-on trusts, and the documents in which they describe themselves.

Nothing in an installation's request proves who sent it, and whoever has a server can answer every
question that an add-on asks about it. So the server is part of an installation's identity:
everything it is asked later goes to the same origin, and no other server can touch it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A HipChat server, as its own document describes it.

    Attributes:
        origin: Scheme, name and port, such as `https://api.hipchat.com`.
        capabilities_url: Its document.
        api_url: Base URL of the API, without a slash at its end.
        token_url: The token endpoint.
        authorization_url: The consent page; `None` if it has none.
        pages: The origins of its other pages, to which a browser may be sent back.
    """

    origin: str
    capabilities_url: str
    api_url: str
    token_url: str
    authorization_url: str | None
    pages: tuple[str, ...]
