"""Finds hosts in texts that read as addresses, to be compared with where links lead (pure)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from urllib.parse import quote, unquote

__all__ = ["ascii_host", "looks_like_another", "named_hosts", "top_level_domains"]

OF_NOBODY = frozenset({"example", "internal", "invalid", "local", "test"})
"""Top-level domains that nobody can register, and that networks and texts use all the same."""

WITH_SCHEME = re.compile(
    r"(?:\bhttps?://|\bwww\.)([^\s/?#:()<>\[\]\"',]+)", re.IGNORECASE
)
ADDRESS = re.compile(r"\bhttps?://\S*", re.IGNORECASE)
LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
"""Underscores around a name are no part of it: they are signs of the text."""
BARE = re.compile(
    # What follows `@` or a folder's name is part of a mail address or a path.
    rf"(?<![^\W_]|[@.-])(?<!\w/)((?:{LABEL}\.)+(?=[^\W\d_])({LABEL}))(?![^\W_]|@)(?:[:/?#]\S*)?"
)
DOTS = re.compile("[\u3002\uff0e\uff61]")
"""What browsers read as a dot."""
PLAIN = re.compile(r"[A-Za-z0-9._:-]*")
LONGEST_LABEL = 63
SEEN_AS_LATIN = ("ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LISU")
"""Scripts with letters that look like Latin ones."""
ODD_LATIN = frozenset(map(chr, (0x131, *range(0x250, 0x2B0))))
"""The i without a dot, and letters of phonetics, one of which looks like an `a`."""


@cache
def top_level_domains() -> frozenset[str]:
    """Return the top-level domains that there are, in lower case, some as `xn--`.

    Source: IANA's list of October 2026, https://data.iana.org/TLD/tlds-alpha-by-domain.txt, as
    the tests' package hypothesis has it, too.
    """
    text = files(__package__).joinpath("top_level_domains.txt").read_text("ascii")
    return OF_NOBODY.union(text.split())


def named_hosts(text: str) -> set[str]:
    """Return the hosts that a text reads as, each as `ascii_host` has it, without `www.`.

    With `https://` or `www.` before it any name is one; without, what ends in a top-level domain,
    so that `main.js` and `system.cpu` are none.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", DOTS.sub(".", text))
        # Zero-width characters would divide a name unseen.
        text = "".join(each for each in text if unicodedata.category(each) != "Cf")
    if "." not in text and "://" not in text:
        return set()
    found = [each[1].rstrip(".;!") for each in WITH_SCHEME.finditer(text)]
    for bare in BARE.finditer(ADDRESS.sub(" ", text)):
        if _ascii_label(bare[2].lower()) in top_level_domains():
            found.append(bare[1])
    return {ascii_host(each).removeprefix("www.") for each in found}


def ascii_host(host: str) -> str:
    """Return a host in lower case, with labels of other scripts as `xn--`."""
    host = unquote(host)
    if PLAIN.fullmatch(host):
        return host.lower().rstrip(".")
    host = unicodedata.normalize("NFKC", DOTS.sub(".", host)).lower()
    return ".".join(map(_ascii_label, host.rstrip(".").split(".")))


def looks_like_another(host: str) -> bool:
    """Return whether a host, as `ascii_host` has it, has letters that look like Latin ones.

    Under a top-level domain of their own script they look like what they are.
    """
    *labels, last = host.split(".")
    return not last.startswith("xn--") and any(map(_looks_latin, labels))


def _ascii_label(label: str) -> str:
    if label.isascii() or len(label) > LONGEST_LABEL:
        return quote(label, safe="[]:", errors="replace")
    return f"xn--{label.encode('punycode').decode('ascii')}"


def _looks_latin(label: str) -> bool:
    if not label.startswith("xn--"):
        return False
    try:
        letters = label.removeprefix("xn--").encode().decode("punycode")
    except UnicodeError:
        return False
    return any(
        each in ODD_LATIN
        or unicodedata.name(each, "").partition(" ")[0] in SEEN_AS_LATIN
        for each in letters
    )
