"""What every generated operation is: a call to the API as a frozen value that does no I/O.

A generated class declares; this module turns it into the parts of a request. The client, the
server and the command line all read the same declarations.
Read next: `hipkit.client.exchange`, for what happens around a call, and `hipkit.v2.rooms`, for
what is generated.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import (
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    Protocol,
    TypeVar,
    cast,
    get_args,
)
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET

from hipkit.api.files import FileSource
from hipkit.api.model import Rule
from hipkit.api.multipart import RelatedBody
from hipkit.api.response import Response
from hipkit.api.secret import HIDDEN

__all__ = [
    "AsyncRawSend",
    "AsyncSend",
    "Auth",
    "BodyKind",
    "Operation",
    "RawSend",
    "RequestParts",
    "Send",
    "check_timestamp",
    "path_segment",
]

T_co = TypeVar("T_co", covariant=True)

Auth = Literal["bearer", "basic", "none"]
"""`bearer`: needs a token. `basic`: a client's id and secret, or a token. `none`: no token."""

BodyKind = Literal["json", "form", "related", "bytes"]
"""How the body is written: JSON, `a=1&b=2`, `multipart/related`, or as it is."""


class RequestParts(NamedTuple):
    """What an operation asks to be sent, below the base URL and before any token."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | RelatedBody | None

    def __repr__(self) -> str:
        # Target and content may hold secrets, and the operation tells all that may be shown.
        return f"RequestParts({self.method!r})"


class Operation(msgspec.Struct, Generic[T_co], frozen=True):
    """A call of one API operation with its arguments filled in.

    The class variables say what does not vary; the instance holds the arguments under their
    Python names. `None` leaves an optional argument out. A few arguments may be `null` in the
    API: their default is `UNSET`, and `None` sends `null`.
    """

    operation_id: ClassVar[str]
    tag: ClassVar[str]
    method: ClassVar[str]
    path: ClassVar[str]
    auth: ClassVar[Auth] = "bearer"
    scopes: ClassVar[tuple[str, ...]] = ()
    """One of these is enough; empty: none is needed, or none is known."""
    token_types: ClassVar[tuple[str, ...]] = ()
    """`group client`, `room client`, `user`, `room notification`; empty: not established."""
    any_token: ClassVar[bool] = False
    """Whether it is about the token itself, so that a server takes every kind of token."""
    result: ClassVar[object] = None
    """The type of the answer's body; `None` where it has none."""
    redirect: ClassVar[bool] = False
    """Whether the answer is a redirect, whose target is the result."""
    redirect_member: ClassVar[str | None] = None
    """The member of the result that a redirect's target stands for, where servers differ."""
    statuses: ClassVar[tuple[int, ...]] = (200,)
    """The documented statuses of success."""
    query: ClassVar[Mapping[str, str]] = {}
    """Python name -> name in the query."""
    header: ClassVar[Mapping[str, str]] = {}
    """Python name -> header."""
    joined: ClassVar[frozenset[str]] = frozenset()
    """Arguments of the query or of a form whose items go out as one value with commas."""
    members: ClassVar[Mapping[str, str]] = {}
    """Python name -> member of the body; a path argument that the body repeats stands here too."""
    body_kind: ClassVar[BodyKind | None] = None
    whole_body: ClassVar[bool] = False
    """Whether the argument `body` is the whole body."""
    optional_body: ClassVar[bool] = False
    """Whether a call that gives no member of the body sends none, instead of an empty one."""
    content_type: ClassVar[str] = "application/json"
    rules: ClassVar[Mapping[str, Rule]] = {}
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Arguments of path, query or headers that are never shown."""
    credentials: ClassVar[frozenset[str]] = frozenset()
    """Arguments in the body that would let somebody else in."""
    private_query: ClassVar[bool] = False
    """Whether nothing of the query may be shown either."""

    def call(self) -> RequestParts:
        """Turn the arguments into the parts of a request.

        Raises:
            ValueError: A path argument is empty, `.` or `..`, and would name another operation;
                a text is not valid Unicode; or a moment has no offset.
            TypeError: What should be a moment is none.
        """
        try:
            return self._call()
        except UnicodeEncodeError:
            pass  # It would carry the text, which may be a password, into what is raised.
        raise ValueError("an argument has half a character in it: no valid Unicode")

    def _call(self) -> RequestParts:
        for name, takes_text in _moments(type(self)):
            value = getattr(self, name)
            if value is not None and not (takes_text and isinstance(value, str)):
                check_timestamp(name, value)
        target = self._target()
        if self.query:
            pairs = [
                pair
                for name, wire in self.query.items()
                for pair in self._query_pairs(name, wire)
            ]
            if pairs:
                target += "?" + urlencode(pairs, safe="", quote_via=quote)
        headers = [
            (wire, _text(value))
            for name, wire in self.header.items()
            if (value := getattr(self, name)) is not None
        ]
        content = None if self.body_kind is None else self._content()
        if content is not None:
            headers.append(
                (
                    "Content-Type",
                    self.content_type
                    if isinstance(content, bytes)
                    else content.content_type,
                )
            )
        return RequestParts(self.method, target, tuple(headers), content)

    def _target(self) -> str:
        return "".join(
            [
                path_segment(text, getattr(self, text)) if is_argument else text
                for is_argument, text in _path_pieces(self.path)
            ]
        )

    def shown_target(self) -> str:
        """Return the path as errors and logs may show it: a secret stays a name in braces."""
        return "".join(
            (
                f"{{{text}}}"
                if text in self.secrets
                else quote(_text(getattr(self, text)), safe=" @")
            )
            if is_argument
            else text
            for is_argument, text in _path_pieces(self.path)
        )

    def __str__(self) -> str:
        return f"{self.method} {self.shown_target()}"

    def __repr__(self) -> str:
        shown = (
            f"{name}={HIDDEN if self._is_hidden(name) else repr(value)}"
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None and value is not UNSET
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def private_values(self) -> Iterator[object]:
        """Give what nothing may quote: secret path arguments, and the body."""
        for name in self.__struct_fields__:
            rule = self.rules.get(name)
            if self._is_hidden(name) and (rule is None or rule.enum is None):
                yield getattr(self, name)

    def template(self) -> str:
        """Return the path without any argument filled in."""
        return self.path

    def secret_values(self) -> Iterator[object]:
        """Give those of the private values that would let somebody else in."""
        for name in self.__struct_fields__:
            if name in self.secrets or name in self.credentials:
                yield getattr(self, name)

    def _is_hidden(self, name: str) -> bool:
        return (
            name in self.secrets
            or name in self.members
            or (self.whole_body and name == "body")
        )

    def _query_pairs(self, name: str, wire: str) -> Iterator[tuple[str, str]]:
        value = getattr(self, name)
        return (
            iter(())
            if value is None
            else _pairs(wire, value, joined=name in self.joined)
        )

    def _content(self) -> bytes | RelatedBody | None:
        if self.whole_body:
            body = getattr(self, "body")  # noqa: B009 - not every operation has it
            is_json = self.body_kind == "json"
            if body is None and not (is_json and "body" in _nullable_names(type(self))):
                return None
        else:
            nullable = _nullable_names(type(self))
            body = {
                wire: value
                for name, wire in self.members.items()
                if (value := getattr(self, name)) is not UNSET
                and (value is not None or name in nullable)
            }
            if not body and self.optional_body:
                return None
        match self.body_kind:
            case "json":
                return msgspec.json.encode(body, enc_hook=_encode_picture)
            case "form":
                joined = {
                    wire for name, wire in self.members.items() if name in self.joined
                }
                pairs = [
                    pair
                    for wire, value in body.items()
                    for pair in _pairs(wire, value, joined=wire in joined)
                ]
                return urlencode(pairs).encode()
            case "related":
                source = cast("FileSource", body.pop("file"))
                return RelatedBody(source, msgspec.json.encode(body) if body else None)
            case _:
                return cast("bytes", body)


def check_timestamp(name: str, value: object) -> datetime:
    """Return a moment, if it is one for everybody: what has no offset means another one elsewhere.

    Raises:
        ValueError: It has no offset.
        TypeError: It is no `datetime`.
    """
    example = "datetime(2016, 9, 9, tzinfo=UTC), for example"
    if not isinstance(value, datetime):
        raise TypeError(
            f"{name} must be a datetime, not {type(value).__name__}: {example}"
        )
    if value.utcoffset() is None:
        raise ValueError(f"{name} needs an offset: {example}")
    return value


def path_segment(name: str, value: object) -> str:
    """Percent-encode one path argument, so that whatever is in it stays one segment.

    Raises:
        TypeError: It is `None`.
        ValueError: It is empty, `.` or `..`, which would make the path another operation's;
            or it is not valid Unicode.
    """
    if value is None:
        raise TypeError(f"{name} is None: it is part of the path and has to be given")
    text = _text(value)
    if text in ("", ".", ".."):
        raise ValueError(
            f"{name} is {text!r}: an empty, '.' or '..' path segment would call another operation"
        )
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        pass  # As in `Operation.call`.
    raise ValueError(f"{name} has half a character in it")


@cache
def _path_pieces(path: str) -> tuple[tuple[bool, str], ...]:
    """Split a path template into (is it an argument, its name or the text) pairs."""
    pieces = re.split(r"\{([^{}]*)\}", path)
    return tuple((index % 2 == 1, piece) for index, piece in enumerate(pieces) if piece)


@cache
def _moments(kind: type[Operation[object]]) -> tuple[tuple[str, bool], ...]:
    """Return the arguments that are moments, and whether a text may stand there too."""
    return tuple(
        (item.name, str in get_args(item.type))
        for item in msgspec.structs.fields(kind)
        if item.type is datetime or datetime in get_args(item.type)
    )


@cache
def _nullable_names(kind: type[Operation[object]]) -> frozenset[str]:
    return frozenset(
        item.name for item in msgspec.structs.fields(kind) if item.default is not None
    )


def _pairs(wire: str, value: object, *, joined: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(value, (list, tuple)):
        yield wire, _text(value)
    elif joined:
        yield wire, ",".join(map(_text, value))
    else:
        for item in value:
            yield wire, _text(item)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _encode_picture(value: object) -> object:
    """Read a picture's path; msgspec itself writes bytes as base64."""
    if isinstance(value, os.PathLike):
        return Path(value).read_bytes()
    raise TypeError(f"cannot be sent as JSON: {type(value).__name__}")


S = TypeVar("S")


class Send(Protocol):
    """What a generated group of methods needs of a client."""

    def __call__(self, operation: Operation[S], /) -> S:
        """Carry out a call."""


class AsyncSend(Protocol):
    """The same, awaited."""

    async def __call__(self, operation: Operation[S], /) -> S:
        """Carry out a call."""


class RawSend(Protocol):
    """Sends, and gives the answer as it came."""

    def __call__(self, operation: Operation[object], /) -> Response:
        """Carry out a call."""


class AsyncRawSend(Protocol):
    """The same, awaited."""

    async def __call__(self, operation: Operation[object], /) -> Response:
        """Carry out a call."""
