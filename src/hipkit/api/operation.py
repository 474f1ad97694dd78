"""The base class of every generated operation: an API call as a frozen value that does no I/O.

Generated classes contain declarations; this module turns them into the parts of a request. The
client, the server and the command line use the same declarations.
Read next: `hipkit.client.exchange`, which carries out a call, and `hipkit.v2.rooms` for a
generated module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    TypeVar,
    cast,
    get_args,
)
from urllib.parse import urlencode

import msgspec
from msgspec import NODEFAULT, UNSET

from hipkit.api.bodies.arguments import (
    as_json,
    as_text,
    as_texts,
    quoted,
    shown_segment,
)
from hipkit.api.bodies.extra import EXTRA, named_values
from hipkit.api.bodies.files import File, as_file
from hipkit.api.bodies.form_data import FormDataBody
from hipkit.api.bodies.multipart import RelatedBody
from hipkit.api.bodies.writing import check_timestamp
from hipkit.api.model import Rule
from hipkit.api.secret import MaskedStruct

__all__ = [
    "Auth",
    "BodyKind",
    "KeyPlace",
    "Operation",
    "RequestParts",
    "path_segment",
]

T_co = TypeVar("T_co", covariant=True)

Auth = Literal["bearer", "basic", "key", "none"]
"""A token; a client's id and secret, or a token; an API key, see `Operation.key_in`; nothing."""
KeyPlace = Literal["header", "query", "cookie"]

BodyKind = Literal["json", "form", "multipart", "related", "bytes"]
"""Encoding of the body: JSON, `a=1&b=2`, `multipart/form-data`, `multipart/related`, or raw."""

FILE_MEMBER = "file"
"""The member of a `related` body that is sent beside the JSON, not in it."""
EMPTY_OBJECT = b"{}"
ALWAYS_SENT = object()
"""A default that no argument has."""


class RequestParts(MaskedStruct, frozen=True, gc=False):
    """The parts of an operation's request, relative to the base URL and without a token."""

    # The operation's own `repr` shows what may be shown of them.
    secrets = frozenset({"target", "headers", "content"})

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | RelatedBody | FormDataBody | None = None


class Operation(MaskedStruct, Generic[T_co], frozen=True):
    """A call of one API operation with its arguments filled in.

    Class variables describe the operation; the instance holds the arguments under their Python
    names. `None` omits an optional argument. A few arguments may be `null` in the API: their
    default is `UNSET`, and `None` sends `null`.
    """

    operation_id: ClassVar[str]
    tag: ClassVar[str]
    method: ClassVar[str]
    path: ClassVar[str]
    auth: ClassVar[Auth] = "bearer"
    key_in: ClassVar[tuple[KeyPlace, str]] = ("header", "Authorization")
    """With `auth` `key`, where the client's token goes, and under which name."""
    token_optional: ClassVar[bool] = False
    """Whether a client without a token may call it too."""
    scopes: ClassVar[tuple[str, ...]] = ()
    """Any one of these scopes is sufficient; empty if none is required or known."""
    token_types: ClassVar[tuple[str, ...]] = ()
    """`group client`, `room client`, `user`, `room notification`; empty if unknown."""
    any_token: ClassVar[bool] = False
    """Whether the call is about the token itself, so that every kind of token is accepted."""
    result: ClassVar[object] = None
    """The type of the response body; `None` if it has none."""
    is_text: ClassVar[bool] = False
    """Whether the response is plain text, and no JSON."""
    redirect: ClassVar[bool] = False
    """Whether the response is a redirect, whose target is the result."""
    redirect_member: ClassVar[str | None] = None
    """The member of the result that holds a redirect's target, if a server redirects instead."""
    statuses: ClassVar[tuple[int, ...]] = (200,)
    """The documented success statuses."""
    errors: ClassVar[Mapping[str, object]] = {}
    """Status of an error, `4XX` or `default` -> the documented type of its body."""
    query: ClassVar[Mapping[str, str]] = {}
    """Python name -> name in the query; of a mapping, with `EXTRA` in place of each key."""
    header: ClassVar[Mapping[str, str]] = {}
    """Python name -> header."""
    joined: ClassVar[frozenset[str]] = frozenset()
    """List arguments of the query or form that are sent as one value, separated by commas."""
    separators: ClassVar[Mapping[str, str]] = {}
    """List arguments that are sent as one value, and what else separates it: ` `, `|`, a tab."""
    files: ClassVar[frozenset[str]] = frozenset()
    """Arguments of a `multipart` body that are files, or lists of them."""
    members: ClassVar[Mapping[str, str]] = {}
    """Python name -> member of the body, including path arguments that the body repeats; `EXTRA`
    for a mapping with further members."""
    body_kind: ClassVar[BodyKind | None] = None
    whole_body: ClassVar[bool] = False
    """Whether the argument `body` is the whole body."""
    optional_body: ClassVar[bool] = False
    """Whether a call without any body member sends no body, instead of an empty one."""
    content_type: ClassVar[str] = "application/json"
    rules: ClassVar[Mapping[str, Rule]] = {}
    credentials: ClassVar[frozenset[str]] = frozenset()
    """Body arguments that grant access, such as passwords."""
    private_query: ClassVar[bool] = False
    """Whether the query may not be shown either."""

    def call(self) -> RequestParts:
        """Return the parts of the request.

        Raises:
            ValueError: A path argument is empty, `.` or `..`, and would address another operation;
                a text is not valid Unicode; or a timestamp has no UTC offset.
            TypeError: A timestamp argument is not a `datetime`.
        """
        try:
            return self._call()
        except UnicodeEncodeError:
            pass  # The original error holds the text, which may be a password.
        raise ValueError(
            "an argument has half of a surrogate pair in it: not valid Unicode"
        )

    def _call(self) -> RequestParts:
        plan = _plan(type(self))
        for name, takes_text in plan.timestamps:
            value = getattr(self, name)
            if value is not None and not (takes_text and isinstance(value, str)):
                check_timestamp(name, value)
        target = self.path
        if plan.path:
            target = target.format_map(
                {name: path_segment(name, getattr(self, name)) for name in plan.path}
            )
        if plan.query or plan.maps:
            pairs = [
                f"{wire}={quoted(text)}"
                for name, wire, separator in plan.query
                if (value := getattr(self, name)) is not None
                for text in as_texts(value, separator)
            ]
            pairs += [
                f"{quoted(wire)}={quoted(text)}"
                for name, pattern in plan.maps
                for wire, value in named_values(pattern, getattr(self, name) or {})
                for text in as_texts(value, None)
            ]
            if pairs:
                target = f"{target}?{'&'.join(pairs)}"
        headers: tuple[tuple[str, str], ...] = ()
        if self.header:
            headers = tuple(
                (wire, ",".join(as_texts(value, ",")))
                for name, wire in self.header.items()
                if (value := getattr(self, name)) is not None
            )
        content = None if self.body_kind is None else self._content(plan)
        if isinstance(content, bytes):
            headers += plan.content_headers
        elif content is not None:
            headers += (("Content-Type", content.content_type),)
        return RequestParts(self.method, target, headers, content)

    def shown_target(self) -> str:
        """Return the path for errors and logs, with secret arguments as names in braces."""
        shown = {
            name: f"{{{name}}}"
            if name in self.secrets
            else shown_segment(as_text(getattr(self, name)))
            for name in _plan(type(self)).path
        }
        return self.path.format_map(shown)

    def __str__(self) -> str:
        return f"{self.method} {self.shown_target()}"

    def private_values(self) -> Iterator[object]:
        """Yield the values that must not be quoted: secret path arguments, and the body."""
        for name in self.__struct_fields__:
            rule = self.rules.get(name)
            if self._is_hidden(name) and (rule is None or rule.enum is None):
                yield getattr(self, name)

    def template(self) -> str:
        """Return the path template."""
        return self.path

    def secret_values(self) -> Iterator[object]:
        """Yield the private values that grant access."""
        for name in self.__struct_fields__:
            if name in self.secrets or name in self.credentials:
                yield getattr(self, name)

    def _is_hidden(self, name: str) -> bool:
        return (
            name in self.secrets
            or name in self.members
            or (self.whole_body and name == "body")
        )

    def _parts(self) -> Iterator[tuple[str, str | bytes | File]]:
        """Yield the parts of a form with files: texts, files, and JSON for what is neither."""
        for name, wire, value in self._named_members():
            if value is None or value is UNSET:
                continue
            for each in value if isinstance(value, (list, tuple)) else [value]:
                if name in self.files:
                    yield wire, as_file(each)
                elif isinstance(each, (dict, list, msgspec.Struct)):
                    yield wire, as_json(each)
                else:
                    yield wire, as_text(each)

    def _named_members(self) -> Iterator[tuple[str, str, Any]]:
        """Yield the body's members: Python name, name in the body, value."""
        for name, wire in self.members.items():
            for named, value in named_values(wire, getattr(self, name)):
                yield name, named, value

    def _content(self, plan: _Plan) -> bytes | RelatedBody | FormDataBody | None:
        if self.whole_body:
            body = getattr(self, "body")  # noqa: B009 - only some operations have a body
            is_json = self.body_kind == "json"
            if body is None and not (is_json and "body" in plan.nullable):
                return None
            return as_json(body) if is_json else _plain_body(body)
        if self.body_kind == "form":
            pairs = [
                (wire, text)
                for name, wire, value in self._named_members()
                if value is not UNSET and (value is not None or name in plan.nullable)
                for text in as_texts(value, _separator(type(self), name))
            ]
            return urlencode(pairs).encode()
        if self.body_kind == "multipart":
            parts = list(self._parts())
            return FormDataBody(parts) if parts or not self.optional_body else None
        # A path beside a file is a mistake, and no picture to be read.
        is_related = self.body_kind == "related"
        encode = msgspec.json.encode if is_related else as_json
        content = encode(_json_body(type(self))(self))
        if is_related:
            metadata = None if content == EMPTY_OBJECT else content
            return RelatedBody(getattr(self, FILE_MEMBER), metadata)
        if self.optional_body and content == EMPTY_OBJECT:
            return None
        return content


def _plain_body(body: object) -> bytes:
    """Return a whole body that is not JSON: the fields of a form, a text, or bytes."""
    if isinstance(body, Mapping):
        fields = body.items()
        return urlencode(
            [(name, text) for name, each in fields for text in as_texts(each, None)]
        ).encode()
    return body.encode() if isinstance(body, str) else cast("bytes", body)


def path_segment(name: str, value: object) -> str:
    """Percent-encode a path argument as a single path segment.

    Raises:
        TypeError: The argument is `None`.
        ValueError: The argument is empty, `.` or `..`, so that the path would address another
            operation; or it is not valid Unicode.
    """
    if value is None:
        raise TypeError(f"{name} is None: it is part of the path and is required")
    text = value if type(value) is str else ",".join(as_texts(value, ","))
    if text in ("", ".", ".."):
        raise ValueError(
            f"{name} is {text!r}: an empty, '.' or '..' path segment would call another operation"
        )
    try:
        # The commas between the items of a list stay, those within items do not.
        return ",".join(map(quoted, as_texts(value, None)))
    except UnicodeEncodeError:
        pass  # As in `Operation.call`.
    raise ValueError(f"{name} has half of a surrogate pair in it")


class _Plan(NamedTuple):
    """What is the same in the requests of all calls of one operation class."""

    path: tuple[str, ...]
    """The arguments of the path."""
    query: tuple[tuple[str, str, str | None], ...]
    """Arguments of the query, their names in it, percent-encoded, and what separates a list."""
    maps: tuple[tuple[str, str], ...]
    """Mappings of the query, and the name of each value with `EXTRA` in place of its key."""
    timestamps: tuple[tuple[str, bool], ...]
    """Timestamp arguments, and whether each accepts a text too."""
    nullable: frozenset[str]
    """Arguments whose `None` is sent as `null`."""
    content_headers: tuple[tuple[str, str], ...]


@cache
def _plan(kind: type[Operation[object]]) -> _Plan:
    names, defaults = kind.__struct_fields__, _defaults(kind)
    # msgspec evaluates annotations, half a millisecond for a class: only where there is a time.
    annotations = [vars(each).get("__annotations__") for each in kind.__mro__]
    fields = msgspec.structs.fields(kind) if "datetime" in str(annotations) else ()
    return _Plan(
        path=tuple(re.findall(r"\{([^{}]*)\}", kind.path)),
        query=tuple(
            (name, quoted(wire), _separator(kind, name))
            for name, wire in kind.query.items()
            if EXTRA not in wire
        ),
        maps=tuple(item for item in kind.query.items() if EXTRA in item[1]),
        timestamps=tuple(
            (item.name, str in get_args(item.type))
            for item in fields
            if item.type is datetime or datetime in get_args(item.type)
        ),
        nullable=frozenset(name for name in names if defaults[name] is not None),
        content_headers=(("Content-Type", kind.content_type),),
    )


def _defaults(kind: type[Operation[object]]) -> dict[str, object]:
    """Return the default of every argument, `NODEFAULT` for a required one."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    required = (NODEFAULT,) * (len(names) - len(defaults))
    return dict(zip(names, required + defaults, strict=True))


@cache
def _json_body(
    kind: type[Operation[object]],
) -> Callable[[Operation[object]], msgspec.Struct]:
    """Return a function that makes a call's JSON body: a struct leaves out defaults by itself."""
    defaults = _defaults(kind)
    names = [name for name in kind.members if name != FILE_MEMBER]
    struct = msgspec.defstruct(
        f"{kind.__name__}Body",
        [
            (name, object, default if default in (None, UNSET) else ALWAYS_SENT)
            for name in names
            for default in [defaults[name]]
        ],
        omit_defaults=True,
        rename=dict(kind.members),
        gc=False,
    )
    body = cast("Callable[..., msgspec.Struct]", struct)
    if len(names) < 2:  # `attrgetter` returns a tuple only for several names.
        return lambda call: body(*[getattr(call, name) for name in names])
    values = attrgetter(*names)
    return lambda call: body(*values(call))


def _separator(kind: type[Operation[object]], name: str) -> str | None:
    """Return what separates a list that is sent as one value; `None` for a value each."""
    return "," if name in kind.joined else kind.separators.get(name)
