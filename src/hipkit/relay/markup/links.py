"""Links that say where they lead: readers of a chat see their text alone (pure)."""

from __future__ import annotations

from hipkit.relay.markup.cleaning import host_elsewhere, safe_url
from hipkit.relay.markup.tree import Element, Text

__all__ = ["honest_text", "typed_link"]


def honest_text(text: str, url: str | None) -> str:
    """Return the text of a link, with its host behind it where it reads as an address elsewhere."""
    host = None if url is None else host_elsewhere(text, url)
    return text if host is None else f"{text} ({host})"


def typed_link(address: str) -> Element | None:
    """Return an address in a text as a link; `None` where it is not safe."""
    url = safe_url(address)
    if url is None:
        return None
    return Element(tag="a", url=url, children=(Text(honest_text(address, url)),))
