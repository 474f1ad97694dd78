"""Cleans text and addresses of what no chat should be sent (pure)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from hipkit.api.addresses import is_web_address
from hipkit.relay.markup.hosts import ascii_host, looks_like_another, named_hosts

__all__ = ["clean_line", "clean_text", "host_elsewhere", "safe_url"]

# Halves of surrogate pairs have no UTF-8. Controls and overrides of direction would change how
# everything after them is shown, the name of the next sender included.
UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
BROKEN = re.compile("[\x00\ud800-\udfff]")
LINE_ENDS = re.compile("\r\n|[\r\f\u2028\u2029]")
ANYTHING = re.compile(f"{UNWANTED.pattern}|{LINE_ENDS.pattern}")
GAP = re.compile(r"\s+")

MAIL = re.compile(
    r"mailto:[\w.+%-]{1,100}@(?!(?:all|channel|everyone|here|room)\b)"
    r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}(?:\?[^\s@<>\"]{0,500})?",
    re.IGNORECASE | re.ASCII,
)
LONGEST_URL = 2_000
"""Characters of an address. Longer ones are no link: targets refuse them."""
IN_URL = re.compile(r"[^!#-;=?-Z\[\]_a-z~]")
"""What an address is never sent with: it could end the address in a target's markup."""


def clean_text(text: str) -> str:
    """Return a text without controls; what cannot be text becomes a replacement character.

    Its lines end with a line feed.
    """
    if ANYTHING.search(text) is None:
        return text
    text = LINE_ENDS.sub("\n", text)
    return UNWANTED.sub(_replacement, text)


def clean_line(text: str, limit: int = 250) -> str:
    """Return a text as one clean line of at most `limit` characters."""
    line = GAP.sub(" ", clean_text(text[: 4 * limit])).strip()
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def safe_url(url: str | None) -> str | None:
    """Return an address if it is `http`, `https` or `mailto`, else `None`.

    It has only characters that are ordinary in addresses, so no target's markup can end in it,
    and no `@` that a target could read as a mention: a web address has no user name.
    """
    if url is None or len(url) > LONGEST_URL:
        return None
    url = url.strip()
    if is_web_address(url):
        place = urlsplit(url).netloc
        if "@" in place:
            return None
        if not place.isascii():
            # A host of another script is read as itself, and cannot look like another one.
            host, colon, port = place.partition(":")
            url = url.replace(place, f"{ascii_host(host)}{colon}{port}", 1)
        url = url.replace("@", "%40")
    elif not MAIL.fullmatch(url):
        return None
    url = IN_URL.sub(_encoded, url)
    return url if len(url) <= LONGEST_URL else None


def host_elsewhere(shown: str, url: str) -> str | None:
    """Return the host of a link whose text reads as the address of another one, else `None`.

    Chats show the text alone, so a reader of `https://bank.example` or `bank.example` would be led
    astray. A host that only looks like another one, by letters of other scripts, is returned too.

    Args:
        shown: The text.
        url: Where it leads, from `safe_url`.
    """
    host = ascii_host(urlsplit(url).hostname or "").removeprefix("www.")
    if not host:
        return None
    named = {host} if safe_url(shown) == url else named_hosts(shown)
    is_misread = host in named and not shown.isascii() and looks_like_another(host)
    return host if is_misread or named - {host} else None


def _replacement(found: re.Match[str]) -> str:
    return "\ufffd" if BROKEN.match(found.group()) else ""


def _encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "replace"))
