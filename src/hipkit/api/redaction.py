"""Hide sent secrets and texts in what is shown: server messages may quote them (pure)."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain, groupby
from types import NoneType
from typing import Annotated, Literal, get_args, get_origin
from urllib.parse import quote, quote_plus, unquote

import msgspec
from msgspec import UnsetType
from msgspec.structs import FieldInfo

from hipkit.api.model import Rule
from hipkit.api.operation import Operation
from hipkit.api.secret import HIDDEN, Secret

__all__ = [
    "holds_secrets",
    "is_secret_name",
    "mask_path",
    "mask_query",
    "redact",
    "secret_segments",
    "secrets_in",
]

LONGEST_SHOWN = 300
MOST_READ = 4 * LONGEST_SHOWN
WINDOW = 12
"""A run of this many characters of a private text counts as a quotation of it."""
SHORTEST_HIDDEN = 4
"""Shorter values (`hi`, `red`) are kept if they are a whole word of another sentence."""

# Patterns are texts: they compile when they are used, and most calls use none.
PRIVATE_SEGMENTS = r"(/oauth/token/|/addon/link/|/addon/[^/]+/installable/)([^/?]+)"
PRIVATE_NAME = (
    r"passw|^pass$|pwd|passphrase|secret|token(?!type$|url$)|^code$|^jwt$|assertion"
    r"|(?:api|access|private)key|credential|signedrequest|guestaccessurl"
    r"|^temp(?:download)?url$|^signature$"
    r"|authorization|authentication|^x?auth$|cookie|session"
)
"""Of a name in lower case, without marks."""
QUERY_PAIR = "([^&=]*)=([^&]*)"
# HipChat's own message for an invalid value; the member's name may be shown.
QUOTED_VALUE = r"""(?isx) \b(value[ ])
    (?: (.*) ([ ]for[ ]field[ ] (['"])([\w.\[\]-]+)\4) | u?(['"]).*\6 (?=[ ]for|[ ]is) )"""
NAMED_FIELD = r"""(?i)\bfields?:? (['"])([\w.\[\]-]+)\1"""
WORDS = r"[^\W_]+(?:[ '-][^\W_]+)*"
"""Short texts that any sentence may contain by chance."""
QUOTES = "'\"`\u2018\u2019\u201c\u201d\u00ab\u00bb"

CLOSED_TYPES = (bool, int, float, NoneType, UnsetType)


def mask_path(path: str) -> str:
    """Hide the secret segments of a free-form path."""
    return re.sub(PRIVATE_SEGMENTS, rf"\1{HIDDEN}", path)


def is_secret_name(name: str) -> bool:
    """Return whether a field, member or header of this name holds a secret."""
    return re.search(PRIVATE_NAME, re.sub(r"[\W_]", "", name).lower()) is not None


def mask_query(query: str) -> str:
    """Hide the secrets in a query."""
    return re.sub(
        QUERY_PAIR,
        lambda pair: f"{pair[1]}={HIDDEN}" if is_secret_name(pair[1]) else pair[0],
        query,
    )


def secret_segments(route: str) -> list[str]:
    """Return the secrets in a free-form path and its query, encoded and decoded."""
    path, _, query = route.partition("?")
    found = [match[2] for match in re.finditer(PRIVATE_SEGMENTS, path)]
    pairs = re.findall(QUERY_PAIR, query)
    found += [value for name, value in pairs if is_secret_name(name)]
    return found + [unquote(each) for each in found]


def secrets_in(
    authorization: Secret | None, headers: Mapping[str, str] | None = None
) -> tuple[Secret, ...]:
    """Return the secrets in an authorization header and in the caller's own headers.

    The caller's headers may be secrets too, and some error pages repeat all headers.
    """
    found = [*(headers or {}).values()]
    if authorization is not None:
        scheme, _, credentials = authorization.reveal().partition(" ")
        found.append(credentials or scheme)
        if scheme.lower() == "basic":
            with suppress(ValueError):
                found.append(a2b_base64(credentials).decode().partition(":")[2])
    return tuple(map(Secret, found))


def redact(
    text: str,
    operation: Operation[object],
    secrets: tuple[Secret, ...] = (),
    *,
    is_page: bool = False,
) -> str:
    """Return a server's message as errors may show it.

    Replaces the call's secrets, `secrets`, and the texts of the request body, whole or in part,
    by `***`. A text of one or two words is replaced only in quotation marks, since `hello` may
    occur in any sentence. Member names, numbers and values of a closed choice are kept. Line ends
    and control characters become spaces.

    Args:
        text: The message.
        operation: The call.
        secrets: Texts to hide besides the call's own.
        is_page: Whether the text is a web page. A page that repeats a request is not a message
            about it, so texts of one or two words are replaced everywhere.
    """
    kind, is_cut = type(operation), len(text) > MOST_READ
    text = _on_one_line(text[:MOST_READ])
    is_hidden = bytearray(len(text))
    for start, end in _rejected_values(text, kind):
        is_hidden[start:end] = b"\1" * (end - start)
    # Within a value, what looks like a field's name is part of the value.
    names = [
        found.span()
        for found in re.finditer(NAMED_FIELD, text)
        if _members(kind, found[2]) and not any(is_hidden[slice(*found.span())])
    ]
    for start, end in _quotations(text, operation, secrets, is_page=is_page):
        is_hidden[start:end] = b"\1" * (end - start)
    for start, end in names:
        is_hidden[start:end] = bytes(end - start)
    # The part of a private text that a cut leaves may be too short to be recognised.
    places = range(len(text) - (WINDOW if is_cut else 0))
    shown = "".join(
        HIDDEN if hidden else "".join(text[place] for place in run)
        for hidden, run in groupby(places, is_hidden.__getitem__)
    )
    return shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + "..."


def holds_secrets(operation: Operation[object]) -> bool:
    """Return whether a call has an argument that grants access."""
    return any(_texts([*operation.secret_values()]))


def _rejected_values(
    text: str, kind: type[Operation[object]]
) -> Iterator[tuple[int, int]]:
    """Yield where the server quotes a value, unless its member cannot hold free text."""
    for found in re.finditer(QUOTED_VALUE, text):
        if found[3] is None:
            yield found.end(1), found.end()
        elif not (members := _members(kind, found[5])) or None in members:
            yield found.span(2)


def _quotations(
    text: str,
    operation: Operation[object],
    secrets: tuple[Secret, ...],
    *,
    is_page: bool,
) -> Iterator[tuple[int, int]]:
    """Yield where a text quotes what was sent."""
    private = {*_texts([*operation.private_values()])} - {*_chosen(operation)}
    sensitive = {each.reveal() for each in secrets}
    sensitive.update(_texts([*operation.secret_values()]))
    words = {each for each in private - sensitive if _is_wordlike(each)}
    hidden = sensitive | (private - words)
    for each in {*chain.from_iterable(map(_quoted_variants, hidden))}:
        size = min(len(each), WINDOW)
        if size >= SHORTEST_HIDDEN:
            for start in range(len(text) - size + 1):
                if text[start : start + size] in each:
                    yield start, start + size
    patterns = [
        rf"(?<=[{QUOTES}]){re.escape(word)}(?=[{QUOTES}])"
        for word in words
        if len(word) >= SHORTEST_HIDDEN
    ]
    if is_page:
        lines = [*filter(lambda line: len(line) > 1, map(_on_one_line, private))]
        patterns += [rf"(?<!\w){re.escape(line)}(?!\w)" for line in lines]
    for pattern in patterns:
        yield from (found.span() for found in re.finditer(pattern, text))


def _chosen(owner: msgspec.Struct) -> Iterator[object]:
    """Yield the values that are not private: choices, and single words in place of one."""
    for member in msgspec.structs.fields(owner):
        value = getattr(owner, member.name)
        if isinstance(value, str):
            choices = _choices(type(owner), member)
            if choices is not None and (value in choices or _is_wordlike(value)):
                yield value


def _members(kind: type[msgspec.Struct], path: str) -> list[frozenset[object] | None]:
    """Return the `_choices` of each member that a path like `card.attributes[0].label` may name."""
    name, _, rest = path.partition(".")
    name = name.partition("[")[0]
    wires: Mapping[str, str] = getattr(kind, "members", {})
    found: list[frozenset[object] | None] = []
    for member in msgspec.structs.fields(kind):
        if name not in (wires.get(member.name), member.encode_name, member.name):
            continue
        if not rest:
            found.append(_choices(kind, member))
            continue
        for part in _parts(member.type):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                found += _members(part, rest)
    return found


def _choices(kind: type[msgspec.Struct], member: FieldInfo) -> frozenset[object] | None:
    """Return the choices of a closed member, or `None` if it may hold free text.

    Numbers and booleans are closed too, without choices.
    """
    rule: Rule | None = getattr(kind, "rules", {}).get(member.name)
    parts = [*_parts(member.type)]
    choices = [get_args(part) for part in parts if get_origin(part) is Literal]
    found = frozenset((rule and rule.enum) or ()).union(*choices)
    return found if found or all(part in CLOSED_TYPES for part in parts) else None


def _parts(hint: object) -> Iterator[object]:
    """Yield the types that a value, or an item of it, may have."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is None or origin is Literal:
        yield hint
    else:
        for part in inner[:1] if origin is Annotated else inner:
            yield from _parts(part)


def _is_wordlike(text: str) -> bool:
    return len(text) < WINDOW and re.fullmatch(WORDS, text) is not None


def _on_one_line(text: str) -> str:
    characters = (char if char.isprintable() else " " for char in text)
    return " ".join("".join(characters).split())


def _quoted_variants(private: str) -> Iterator[str]:
    """Yield a text as servers quote it: on one line, or escaped for URLs, Python, JSON or HTML."""
    import html  # Needed only for errors.
    import json

    line = _on_one_line(private)
    yield from (line, html.escape(line, quote=False), html.escape(line))
    for encode, safe in ((quote, "/"), (quote, ""), (quote_plus, "")):
        yield encode(private, safe, errors="replace")
    yield from (ascii(private)[1:-1], json.dumps(private)[1:-1])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)
    elif isinstance(value, msgspec.Struct):
        items = [getattr(value, name) for name in value.__struct_fields__]
        yield from {*_texts(items)} - {*_chosen(value)}
