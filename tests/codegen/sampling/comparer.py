"""Compare what was sent with what the document says, and what was read with what was answered."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec
from werkzeug.datastructures import Headers
from werkzeug.http import parse_cookie, parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from hipkit.transports.protocol import Request
from tests.codegen.sampling.expectation import Part, Scalar, Text, Wire
from tests.codegen.sampling.sampler import UNLISTED

__all__ = ["differences", "differences_in", "plain", "sent_body"]

Pairs = Iterable[tuple[str, str]]


def differences(
    request: Request, wire: Wire, bases: Iterable[str], key: tuple[str, str] | None
) -> Iterator[str]:
    """Yield how a request differs from what the document says.

    Args:
        request: What was sent.
        wire: What should have been.
        bases: The addresses, any one of which the path may be below.
        key: Place and name of a credential that was sent as well.
    """
    if request.method != wire.method:
        yield f"the method is {request.method}, for {wire.method}"
    target, _, query = request.target.partition("?")
    url = f"{request.scheme}://{request.host}:{request.port}"
    if not any(_is_path(f"{url}{target}", base, wire.path) for base in bases):
        yield f"the path is {target}, for {_shown_path(wire.path)} below {list(bases)}"
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    if key is not None and key[0] == "query":
        pairs = [pair for pair in pairs if pair[0] != key[1]]
    yield from _pair_differences("the query", pairs, wire.query)
    headers = Headers(list(request.all_headers))
    for name, text in wire.headers.items():
        if not _is_text(headers.get(name), text):
            yield f"the header {name} is {headers.get(name)!r}, for {text}"
    for name in wire.absent_headers:
        if name in headers:
            yield f"the header {name} is sent, and was not given"
    cookies = parse_cookie(headers.get("Cookie"))
    for name, text in wire.cookies.items():
        if not _is_text(cookies.get(name), text):
            yield f"the cookie {name} is {cookies.get(name)!r}, for {text}"
    yield from _body_differences(request, headers, wire)


def differences_in(expected: object, found: object, place: str = "$") -> Iterator[str]:
    """Yield how JSON differs from what was expected, but for members that no schema mentions."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            if name in found:
                yield from differences_in(value, found[name], f"{place}.{name}")
            elif not name.startswith(UNLISTED):
                yield f"{place}.{name} is lost, {value!r}"
        for name in found.keys() - expected.keys():
            yield f"{place}.{name} is {found[name]!r}, and was not there"
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{place} has {len(found)} items, for {len(expected)}"
        for index, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences_in(one, other, f"{place}[{index}]")
    elif not _is_same(expected, found):
        yield f"{place} is {found!r}, for {expected!r}"


def plain(value: object) -> object:
    """Return what was read as JSON has it."""
    to_dict = getattr(value, "to_dict", None)
    if callable(to_dict):
        return to_dict()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return msgspec.to_builtins(value) if isinstance(value, datetime) else value


def sent_body(request: Request) -> bytes:
    """Return the bytes of a request's body."""
    content = request.content
    if content is None:
        return b""
    return content if isinstance(content, bytes) else b"".join(content)


def _is_same(expected: object, found: object) -> bool:
    if type(expected) is bool or type(found) is bool:
        return expected is found
    if isinstance(expected, str) and isinstance(found, str):
        return expected == found or _is_same_time(expected, found)
    return expected == found


def _is_same_time(one: str, other: str) -> bool:
    try:
        times = [datetime.fromisoformat(each) for each in (one, other)]
    except ValueError:
        return False
    has_zone = all(each.tzinfo is not None for each in times)
    return has_zone and times[0] == times[1]


def _is_text(found: str | None, text: Text) -> bool:
    if found is None:
        return False
    pieces = [found] if len(text.values) == 1 else found.split(text.separator)
    return len(pieces) == len(text.values) and all(map(_is_scalar, pieces, text.values))


def _is_scalar(found: str, value: Scalar) -> bool:
    if isinstance(value, bool):
        return found == ("true" if value else "false")
    if isinstance(value, str):
        return _is_same(value, found)
    try:
        return float(found) == value
    except ValueError:
        return False


def _is_path(url: str, base: str, path: tuple[str | Text, ...]) -> bool:
    start = _with_port(base).rstrip("/")
    if not url.startswith(start):
        return False
    # Literal pieces are sent as they are, or percent-encoded.
    pattern = "".join(
        f"(?:{re.escape(piece)}|{re.escape(quote(piece, safe='/:@,;=+$&'))})"
        if isinstance(piece, str)
        else "([^/]+?)"
        for piece in path
    )
    found = re.fullmatch(pattern, url.removeprefix(start))
    if found is None:
        return False
    values = [piece for piece in path if isinstance(piece, Text)]
    return all(
        _is_text(unquote(group), text)
        for group, text in zip(found.groups(), values, strict=True)
    )


def _with_port(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path}"


def _shown_path(path: tuple[str | Text, ...]) -> str:
    return "".join(each if isinstance(each, str) else str(each.values) for each in path)


def _pair_differences(
    where: str, found: Pairs, expected: Iterable[tuple[str, Text]]
) -> Iterator[str]:
    by_name: dict[str, tuple[list[str], list[Text]]] = defaultdict(lambda: ([], []))
    for name, text in found:
        by_name[name][0].append(text)
    for name, wanted in expected:
        by_name[name][1].append(wanted)
    for name, (texts, wanted_texts) in by_name.items():
        is_same = len(texts) == len(wanted_texts) and all(
            map(_is_text, texts, wanted_texts)
        )
        if not is_same:
            yield f"{where} has {name}={texts}, for {wanted_texts}"


def _body_differences(request: Request, headers: Headers, wire: Wire) -> Iterator[str]:
    body = sent_body(request)
    declared = headers.get("Content-Type")
    if wire.media_type is None:
        if body:
            yield f"a body is sent, {body[:80]!r}, and none was given"
        return
    media_type, options = parse_options_header(declared)
    wanted, _ = parse_options_header(wire.media_type)
    if media_type != wanted and "*" not in wanted:
        yield f"the content type is {declared!r}, for {wire.media_type!r}"
        return
    if wire.form is not None:
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        yield from _pair_differences("the form", pairs, wire.form)
    elif wire.parts is not None:
        found = list(_decoded_parts(body, options.get("boundary", "")))
        yield from _part_differences(found, wire.parts)
    elif wire.raw is not None:
        if body != wire.raw.encode():
            yield f"the body is {body[:80]!r}, for {wire.raw[:80]!r}"
    else:
        try:
            value = json.loads(body)
        except ValueError:
            yield f"the body is not JSON: {body[:80]!r}"
        else:
            yield from differences_in(wire.json, value, "the body")


Decoded = tuple[Field | File, bytes]


def _decoded_parts(body: bytes, boundary: str) -> Iterator[Decoded]:
    decoder = MultipartDecoder(boundary.encode())
    decoder.receive_data(body)
    decoder.receive_data(None)
    head: Field | File | None = None
    content = b""
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, (Field, File)):
            head, content = event, b""
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data and head is not None:
                yield head, content


def _part_differences(
    found: list[Decoded], expected: tuple[Part, ...]
) -> Iterator[str]:
    names = [head.name for head, _ in found]
    if sorted(names) != sorted(part.name for part in expected):
        yield f"the parts are {names}, for {[part.name for part in expected]}"
        return
    rest: Mapping[str, list[Decoded]] = defaultdict(list)
    for each in found:
        rest[each[0].name].append(each)
    for part in expected:
        head, content = rest[part.name].pop(0)
        if part.is_file != isinstance(head, File):
            yield f"the part {part.name} is {type(head).__name__}"
        elif isinstance(part.value, (dict, list)):
            yield from differences_in(part.value, json.loads(content), part.name)
        elif not (
            content == str(part.value).encode()
            if part.is_file
            else _is_text(content.decode(), Text((_scalar(part.value),)))
        ):
            yield f"the part {part.name} is {content[:80]!r}, for {part.value!r}"
        media_type = head.headers.get("Content-Type")
        if part.media_type not in (None, media_type):
            yield f"the part {part.name} is {media_type!r}, for {part.media_type!r}"


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, Scalar) else str(value)
