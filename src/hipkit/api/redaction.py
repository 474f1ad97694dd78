"""Hide sent secrets and texts in what is shown: server messages may quote them (pure)."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from itertools import chain
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
    "redact_page",
    "secret_segments",
    "secrets_in",
]

LONGEST_SHOWN = 300
MOST_READ = 4 * LONGEST_SHOWN
WINDOW = 12
"""A run of this many characters of a private text counts as a quotation of it."""
SHORTEST_HIDDEN = 4
"""Shorter values (`hi`, `red`) are kept if they are a whole word of another sentence."""

SECRET_PATHS = re.compile(
    r"(/oauth/token/|/addon/link/|/addon/[^/]+/installable/)([^/?]+)"
)
SECRET_NAME = re.compile(
    r"passw|^pass$|pwd|passphrase|secret|token(?!type$|url$)|^code$|^jwt$|assertion"
    r"|(?:api|access|private)key|credential|signedrequest|guestaccessurl"
    r"|^temp(?:download)?url$|^signature$"
    r"|authorization|authentication|^x?auth$|cookie|session"
)
"""Of a name in lower case, without marks."""
QUERY_PAIR = re.compile("([^&=]*)=([^&]*)")
# HipChat's own message for an invalid value; the member's name may be shown.
QUOTED_VALUE = re.compile(
    r"""(?isx) \b(value[ ])
    (?: (.*) ([ ]for[ ]field[ ] (['"])([\w.\[\]-]+)\4) | u?(['"]).*\6 (?=[ ]for|[ ]is) )"""
)
NAMED_FIELD = re.compile(r"""(?i)\bfields?:? (['"])([\w.\[\]-]+)\1""")
WORDS = re.compile(r"[^\W_]+(?:[ '-][^\W_]+)*")
"""Short texts that any sentence may contain by chance."""
QUOTES = "'\"`\u2018\u2019\u201c\u201d\u00ab\u00bb"
KEPT = "\ue000"
"""Placeholder of a field's name: no printable text contains this character."""


def mask_path(path: str) -> str:
    """Hide the secret segments of a free-form path."""
    return SECRET_PATHS.sub(rf"\1{HIDDEN}", path)


def is_secret_name(name: str) -> bool:
    """Return whether a field, member or header of this name holds a secret."""
    return SECRET_NAME.search(re.sub(r"[\W_]", "", name).lower()) is not None


def mask_query(query: str) -> str:
    """Hide the secrets in a query."""
    return QUERY_PAIR.sub(
        lambda pair: f"{pair[1]}={HIDDEN}" if is_secret_name(pair[1]) else pair[0],
        query,
    )


def secret_segments(route: str) -> list[str]:
    """Return the secrets in a free-form path and its query, encoded and decoded."""
    path, _, query = route.partition("?")
    found = [match[2] for match in SECRET_PATHS.finditer(path)]
    found += [pair[2] for pair in QUERY_PAIR.finditer(query) if is_secret_name(pair[1])]
    return found + [unquote(each) for each in found]


def secrets_in(
    authorization: Secret | None, headers: Mapping[str, str] | None = None
) -> tuple[Secret, ...]:
    """Return the secrets in an authorization header and in the caller's own headers.

    The caller's headers may be secrets too, and some error pages repeat all headers.
    """
    own = tuple(map(Secret, (headers or {}).values()))
    return (*own, *_credentials(authorization))


def _credentials(authorization: Secret | None) -> tuple[Secret, ...]:
    if authorization is None:
        return ()
    scheme, _, credentials = authorization.reveal().partition(" ")
    if scheme.lower() != "basic":
        return (Secret(credentials or scheme),)
    try:
        decoded = a2b_base64(credentials).decode()
    except ValueError:
        return (Secret(credentials),)
    return (Secret(credentials), Secret(decoded.partition(":")[2]))


def redact(
    text: str, operation: Operation[object], secrets: tuple[Secret, ...] = ()
) -> str:
    """Return a server's message as errors may show it.

    Replaces the call's secrets, `secrets`, and the texts of the request body, whole or in part,
    by `***`. A text of one or two words is replaced only in quotation marks, since `hello` may
    occur in any sentence. Member names, numbers and values of a closed choice are kept. Line ends
    and control characters become spaces.
    """
    is_cut = len(text) > MOST_READ
    text = _on_one_line(text[:MOST_READ])
    text = QUOTED_VALUE.sub(lambda found: _quoted_value(found, type(operation)), text)
    text, names = _without_names(text, type(operation))
    plain = {*_texts(list(operation.private_values()))} - {*_chosen(operation)}
    sensitive = {each.reveal() for each in secrets}
    sensitive.update(_texts(list(operation.secret_values())))
    words = {each for each in plain - sensitive if _is_wordlike(each)}
    hidden = {*chain.from_iterable(map(_quoted_variants, sensitive | (plain - words)))}
    for private in sorted(hidden, key=len, reverse=True):
        if len(private) >= SHORTEST_HIDDEN:
            text = text.replace(private, HIDDEN)
    for word in words:
        if len(word) >= SHORTEST_HIDDEN:
            pattern = rf"(?<=[{QUOTES}]){re.escape(word)}(?=[{QUOTES}])"
            text = re.sub(pattern, HIDDEN, text)
    long = [private for private in hidden if len(private) >= WINDOW]
    text = _without_quotations(text, long, is_cut=is_cut)
    for name in names:
        text = text.replace(KEPT, name, 1)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def redact_page(
    page: str, operation: Operation[object], secrets: tuple[Secret, ...] = ()
) -> str:
    """Return the beginning of a web page as errors may show it.

    Works as `redact`, but also replaces texts of one or two words everywhere: a page that repeats
    a request is not a message about it.
    """
    texts = {*_texts(list(operation.private_values()))} - {*_chosen(operation)}
    for text in sorted(texts, key=len, reverse=True):
        if len(text) > 1:
            page = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", HIDDEN, page)
    return redact(page, operation, secrets)


def _chosen(owner: msgspec.Struct) -> Iterator[object]:
    """Yield the values that are not private: choices, and single words in place of one."""
    for member in msgspec.structs.fields(owner):
        value = getattr(owner, member.name)
        if (
            isinstance(value, str)
            and _is_closed(type(owner), member)
            and (value in _choices(type(owner), member) or _is_wordlike(value))
        ):
            yield value


def holds_secrets(operation: Operation[object]) -> bool:
    """Return whether a call has an argument that grants access."""
    return any(_texts(list(operation.secret_values())))


def _quoted_value(found: re.Match[str], kind: type[Operation[object]]) -> str:
    """Hide the value that a server rejected, unless its member cannot hold free text."""
    start, value, rest, _, member, _ = found.groups()
    if rest is None:
        return f"{start}{HIDDEN}"
    is_closed = {*_closed_or_open(kind, member)} == {True}
    return f"{start}{value if is_closed else HIDDEN}{rest}"


def _without_names(text: str, kind: type[Operation[object]]) -> tuple[str, list[str]]:
    """Replace member names by placeholders, so that they are not hidden; return them in order."""
    names: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if not list(_closed_or_open(kind, found[2])):
            return found[0]
        names.append(found[0])
        return KEPT

    return NAMED_FIELD.sub(keep, text), names


def _closed_or_open(kind: type[msgspec.Struct], path: str) -> Iterator[bool]:
    """Yield whether each member that a path like `card.attributes[0].label` may name is closed.

    A closed member cannot hold free text: a choice, a number or a boolean.
    """
    name, _, rest = path.partition(".")
    name = name.partition("[")[0]
    wires: Mapping[str, str] = getattr(kind, "members", {})
    for member in msgspec.structs.fields(kind):
        if name not in (wires.get(member.name), member.encode_name, member.name):
            continue
        if not rest:
            yield _is_closed(kind, member)
            continue
        for part in _parts(member.type):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from _closed_or_open(part, rest)


def _is_closed(kind: type[msgspec.Struct], member: FieldInfo) -> bool:
    return bool(_choices(kind, member)) or all(
        part in (bool, int, float, NoneType, UnsetType) for part in _parts(member.type)
    )


def _choices(kind: type[msgspec.Struct], member: FieldInfo) -> frozenset[object]:
    """Return the allowed values; empty if every value is allowed."""
    rule: Rule | None = getattr(kind, "rules", {}).get(member.name)
    listed = () if rule is None or rule.enum is None else rule.enum
    parts = [part for part in _parts(member.type) if get_origin(part) is Literal]
    return frozenset(listed).union(*map(get_args, parts))


def _parts(hint: object) -> Iterator[object]:
    """Yield the types that a value, or an item of it, may have."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from _parts(inner[0])
    elif origin is None or origin is Literal:
        yield hint
    else:
        for part in inner:
            yield from _parts(part)


def _is_wordlike(text: str) -> bool:
    return len(text) < WINDOW and WORDS.fullmatch(text) is not None


def _without_quotations(text: str, private: list[str], *, is_cut: bool) -> str:
    """Hide every run of characters that is part of a private text."""
    shown, start = [], 0
    # The part of a private text that a cut leaves may be too short to be recognised.
    last = len(text) - (WINDOW if is_cut else 0)
    while start < last:
        end = max((_end_of_run(text, start, each) for each in private), default=start)
        shown.append(text[start] if end == start else HIDDEN)
        start = max(end, start + 1)
    return "".join(shown)


def _end_of_run(text: str, start: int, private: str) -> int:
    """Return the end of the quotation that begins at `start`; `start` if there is none."""
    end = start + WINDOW
    if end > len(text) or text[start:end] not in private:
        return start
    while end < len(text) and text[start : end + 1] in private:
        end += 1
    return end


def _on_one_line(text: str) -> str:
    characters = (char if char.isprintable() else " " for char in text)
    return " ".join("".join(characters).split())


def _quoted_variants(private: str) -> Iterator[str]:
    """Yield a text as servers quote it: on one line, or escaped for URLs, Python, JSON or HTML."""
    import html  # Needed only for errors.
    import json

    line = _on_one_line(private)
    yield from (line, html.escape(line, quote=False), html.escape(line))
    yield quote(private, errors="replace")
    yield quote(private, safe="", errors="replace")
    yield quote_plus(private, errors="replace")
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
