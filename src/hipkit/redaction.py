"""Keeps what was sent out of what is shown: server messages may quote it (pure)."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

import msgspec

from hipkit.model import HIDDEN
from hipkit.operation import Operation

__all__ = ["mask_path", "mask_query", "redact", "secret_segments", "secrets_in"]

LONGEST_SHOWN = 300
MOST_READ = 4 * LONGEST_SHOWN
WINDOW = 12
"""A run of this many letters of a private text counts as a quotation of it."""
SHORTEST_HIDDEN = 4
"""Shorter values (`hi`, `red`) stay where they are a whole word of somebody else's sentence."""

SECRET_PATHS = re.compile(
    r"(/oauth/token/|/addon/link/|/addon/[^/]+/installable/)([^/?]+)"
)
SECRET_QUERIES = re.compile(
    r"(?i)(?<![^&])((?:\w+_)?token|signed_request|signature|password)=([^&]*)"
)
# HipChat's own words for a wrong value; which member it is may be told.
QUOTED_FIELD = re.compile(
    r"(?is)\bvalue u?(['\"]).*\1 for field (['\"])([\w.\[\]-]+)\2"
)
QUOTED_VALUE = re.compile(r"(?is)\bvalue u?(['\"]).*\1(?= for| is)")


def mask_path(path: str) -> str:
    """Hide the secret segments of a free-form path."""
    return SECRET_PATHS.sub(rf"\1{HIDDEN}", path)


def mask_query(query: str) -> str:
    """Hide the tokens in a query."""
    return SECRET_QUERIES.sub(rf"\1={HIDDEN}", query)


def secret_segments(route: str) -> list[str]:
    """Return the secrets in a free-form path and its query, as they stand there and decoded."""
    path, _, query = route.partition("?")
    found = [match[2] for match in SECRET_PATHS.finditer(path)]
    found += [match[2] for match in SECRET_QUERIES.finditer(query)]
    return found + [unquote(each) for each in found]


def secrets_in(authorization: str | None) -> tuple[str, ...]:
    """Return what of an authorization header nothing may quote."""
    if authorization is None:
        return ()
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return (credentials or authorization,)
    try:
        decoded = a2b_base64(credentials).decode()
    except ValueError:
        return (credentials,)
    return (credentials, decoded.partition(":")[2])


def redact(
    text: str, operation: Operation[object], secrets: tuple[str, ...] = ()
) -> str:
    """Return a server's sentence as errors may show it.

    Values that the call sent in its body, its secret arguments and `secrets` are replaced by
    `***`, whole or in part; line ends and control characters become spaces.
    """
    is_cut = len(text) > MOST_READ
    text = _on_one_line(text[:MOST_READ])
    text = QUOTED_FIELD.sub(rf"Value {HIDDEN} for field '\3'", text)
    text = QUOTED_VALUE.sub(f"Value {HIDDEN}", text)
    plain = {*secrets, *_texts(list(operation.private_values()))}
    hidden = sorted(
        {form for private in plain for form in _forms(private)}, key=len, reverse=True
    )
    for private in hidden:
        if len(private) >= SHORTEST_HIDDEN:
            text = text.replace(private, HIDDEN)
    long = [private for private in hidden if len(private) >= WINDOW]
    text = _without_quotations(text, long, is_cut=is_cut)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def _without_quotations(text: str, private: list[str], *, is_cut: bool) -> str:
    """Hide every run of letters that is part of a private text."""
    shown = []
    start = 0
    # What a cut leaves of a private text may be too short to be recognised.
    last = len(text) - (WINDOW if is_cut else 0)
    while start < last:
        end = max((_end_of_run(text, start, each) for each in private), default=start)
        if end == start:
            shown.append(text[start])
            start += 1
        else:
            shown.append(HIDDEN)
            start = end
    return "".join(shown)


def _end_of_run(text: str, start: int, private: str) -> int:
    """Return where the quotation that begins at `start` ends; `start` if it is none."""
    end = start + WINDOW
    if end > len(text) or text[start:end] not in private:
        return start
    while end < len(text) and text[start : end + 1] in private:
        end += 1
    return end


def _on_one_line(text: str) -> str:
    letters = (letter if letter.isprintable() else " " for letter in text)
    return " ".join("".join(letters).split())


def _forms(private: str) -> Iterator[str]:
    """Give a text as servers quote it: on one line, or as addresses, Python, JSON, HTML do."""
    import html  # Errors alone need these, and most programs meet none.
    import json

    line = _on_one_line(private)
    yield line
    yield quote(private, errors="replace")
    yield quote(private, safe="", errors="replace")
    yield quote_plus(private, errors="replace")
    yield ascii(private)[1:-1]
    yield json.dumps(private)[1:-1]
    yield html.escape(line, quote=False)
    yield html.escape(line)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
