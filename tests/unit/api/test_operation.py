"""What an operation asks to be sent, what it shows of itself, and that it stays a plain value."""

from __future__ import annotations

import copy
import os
import pickle
import re
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, get_args, get_origin
from urllib.parse import quote, unquote, urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType
from rich.pretty import pretty_repr

from hipkit.api.bodies.files import FileSource, ImageSource
from hipkit.api.bodies.multipart import RelatedBody
from hipkit.api.model import Model, Rule, find_broken_rule
from hipkit.api.operation import Operation, RequestParts, path_segment
from hipkit.v1.catalog import OPERATIONS as V1
from hipkit.v2 import GetPrivatechatHistory, GetRoomHistory
from hipkit.v2.catalog import OPERATIONS as V2

NAMES = {
    "a space": ("Dev Ops", "Dev%20Ops"),
    "a slash": ("a/b", "a%2Fb"),
    "a percent sign": ("100%", "100%25"),
    "an escape": ("a%2Fb", "a%252Fb"),
    "a hash": ("#general", "%23general"),
    "a question mark": ("why?", "why%3F"),
    "a mention": ("@JohnDoe", "%40JohnDoe"),
    "an e-mail address": ("john+x@example.com", "john%2Bx%40example.com"),
    "an emoji": ("🦊 den", "%F0%9F%A6%8A%20den"),
    "right to left": ("חדר", "%D7%97%D7%93%D7%A8"),
    "a decomposed letter": ("e\u0301", "e%CC%81"),
    "dots with more": ("..a", "..a"),
    "three dots": ("...", "..."),
    "a backslash": ("..\\..", "..%5C.."),
    "unreserved letters": ("a-b_c.d~e", "a-b_c.d~e"),
    "a number": (42, "42"),
    "a semicolon and a line end": ("a;b\nc", "a%3Bb%0Ac"),
}


class Part(Model, frozen=True, omit_defaults=True, kw_only=True):
    label: str
    note: str | None = None


class GetPart(Operation[Part], frozen=True):
    operation_id = "get_part"
    tag = "Parts"
    method = "GET"
    path = "/room/{room}/part/{part}.json"
    result = Part
    query: ClassVar = {
        "start_index": "start-index",
        "expand": "expand",
        "color": "color",
        "on": "on",
        "when": "when",
    }
    joined = frozenset({"expand"})
    header: ClassVar = {"if_none_match": "If-None-Match"}

    room: str | int
    part: str
    start_index: int | None = None
    expand: list[str] | None = None
    color: list[str] | None = None
    on: bool | None = None
    when: datetime | str | None = None
    if_none_match: str | None = None


class PutPart(Operation[None], frozen=True):
    operation_id = "put_part"
    tag = "Parts"
    method = "PUT"
    path = "/part/{key}"
    statuses = (204,)
    body_kind = "json"
    members: ClassVar = {
        "key": "key",
        "message": "message",
        "owner": "owner_user_id",
        "topic": "topic",
        "parts": "parts",
        "picture": "picture",
        "when": "when",
    }
    rules: ClassVar = {"message": Rule(required=True, max_length=5)}

    key: str
    message: str
    owner: str | None
    topic: str | UnsetType | None = UNSET
    parts: list[Part] | None = None
    picture: ImageSource | None = None
    when: datetime | None = None


class ChangePart(Operation[None], frozen=True):
    operation_id = "change_part"
    tag = "Parts"
    method = "PATCH"
    path = "/part"
    body_kind = "json"
    optional_body = True
    members: ClassVar = {"message": "message"}

    message: str | None = None


class SendForm(Operation[None], frozen=True):
    operation_id = "send_form"
    tag = "Parts"
    method = "POST"
    path = "/form"
    body_kind = "form"
    content_type = "application/x-www-form-urlencoded"
    members: ClassVar = {"scope": "scope", "ids": "ids", "names": "names", "on": "on"}
    joined = frozenset({"names"})

    scope: str
    ids: list[int] | None = None
    names: list[str] | None = None
    on: bool | None = None


class ShareFile(Operation[None], frozen=True):
    operation_id = "share_file"
    tag = "Parts"
    method = "POST"
    path = "/file"
    body_kind = "related"
    members: ClassVar = {"file": "file", "message": "message"}

    file: FileSource
    message: str | None = None


class PutAnything(Operation[object], frozen=True):
    operation_id = "put_anything"
    tag = "Parts"
    method = "PUT"
    path = "/anything"
    body_kind = "json"
    whole_body = True
    content_type = "application/vnd.parts+json"

    body: object | None = None


class PutBytes(Operation[None], frozen=True):
    operation_id = "put_bytes"
    tag = "Parts"
    method = "PUT"
    path = "/bytes"
    body_kind = "bytes"
    whole_body = True
    content_type = "image/png"

    body: bytes


class DeleteSession(Operation[None], frozen=True):
    operation_id = "delete_session"
    tag = "Sessions"
    method = "DELETE"
    path = "/oauth/token/{access_token}/of/{user}"
    secrets = frozenset({"access_token"})

    access_token: str
    user: str


@pytest.mark.parametrize(("name", "segment"), NAMES.values(), ids=NAMES.keys())
def test_a_name_is_one_percent_encoded_segment(name: str | int, segment: str) -> None:
    assert GetPart(name, "x").call().target == f"/room/{segment}/part/x.json"


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
def test_any_name_comes_back_from_its_segment(name: str) -> None:
    segment = path_segment("room", name)

    assert unquote(segment, errors="strict") == name
    assert segment not in (".", "..")
    assert segment.isascii()
    assert not set(segment) & set("/?#\\ \r\n")


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_segment_that_would_call_another_operation_raises(name: str) -> None:
    with pytest.raises(ValueError, match=r"^room is .* would call another operation$"):
        GetPart(name, "x").call()


def test_half_a_character_in_a_name_raises() -> None:
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        GetPart("\ud800", "x").call()


def test_arguments_of_the_query_go_out_under_their_own_names() -> None:
    call = GetPart(
        "r", "p", start_index=0, on=False, when=datetime(2015, 1, 2, tzinfo=UTC)
    ).call()

    assert call.target == (
        "/room/r/part/p.json?start-index=0&on=false&when=2015-01-02T00%3A00%3A00%2B00%3A00"
    )
    assert call.headers == ()
    assert call.content is None


class Place(str, Enum):  # noqa: UP042 - users have such classes; StrEnum differs
    OPS = "ops"
    DEV = "dev ops"


def test_a_member_of_an_enum_of_texts_is_sent_as_its_value() -> None:
    # `format` and `str` of such a member return its name since Python 3.11.
    assert GetPart(Place.OPS, Place.DEV, color=[*Place]).call().target == (
        "/room/ops/part/dev%20ops.json?color=ops&color=dev%20ops"
    )
    assert type(path_segment("room", Place.OPS)) is str
    call = GetPart("r", "p", if_none_match=Place.OPS).call()
    assert repr(call.headers) == "(('If-None-Match', 'ops'),)"
    assert SendForm(Place.DEV, names=[*Place]).call().content == (
        b"scope=dev+ops&names=ops%2Cdev+ops"
    )


def test_lists_in_the_query_are_joined_or_repeated() -> None:
    call = GetPart("r", "p", expand=["a", "b c"], color=["red", "blue"]).call()

    assert call.target.partition("?")[2] == "expand=a%2Cb%20c&color=red&color=blue"


def test_what_is_left_out_is_not_sent() -> None:
    assert GetPart("r", "p").call() == RequestParts(
        "GET", "/room/r/part/p.json", (), None
    )


def test_headers_are_sent_as_they_are() -> None:
    assert GetPart("r", "p", if_none_match='"x"').call().headers == (
        ("If-None-Match", '"x"'),
    )


def test_null_is_sent_only_where_it_means_something() -> None:
    left_out = PutPart("k", message="m", owner=None)
    given_null = PutPart("k", message="m", owner="o", topic=None, parts=None)

    assert left_out.call().content == b'{"key":"k","message":"m","owner_user_id":null}'
    assert (
        given_null.call().content
        == b'{"key":"k","message":"m","owner_user_id":"o","topic":null}'
    )


def test_json_bodies_hold_models_dates_and_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x00\x01")
    when = datetime(2015, 1, 2, tzinfo=UTC)
    parts = [Part(label="a")]

    call = PutPart(
        "k", message="m", owner="o", parts=parts, picture=picture, when=when
    ).call()

    assert call.headers == (("Content-Type", "application/json"),)
    assert isinstance(call.content, bytes)
    assert msgspec.json.decode(call.content) == {
        "key": "k",
        "message": "m",
        "owner_user_id": "o",
        "parts": [{"label": "a"}],
        "picture": "AAE=",
        "when": "2015-01-02T00:00:00Z",
    }
    for given_otherwise in (b"\x00\x01", "AAE="):
        again = PutPart("k", message="m", owner="o", picture=given_otherwise).call()
        assert b'"picture":"AAE="' in (again.content or b"")


def test_a_body_of_what_json_has_no_form_for_raises() -> None:
    with pytest.raises(TypeError, match="cannot be sent as JSON: object"):
        PutAnything(object()).call()


def test_a_path_beside_a_file_is_not_read_as_a_picture(tmp_path: Path) -> None:
    private = tmp_path / "private.txt"
    private.write_bytes(b"private")

    with pytest.raises(TypeError, match=r"of type \w+Path is unsupported"):
        ShareFile(b"bytes", message=private).call()  # type: ignore[arg-type]


def test_an_optional_body_without_members_is_not_sent() -> None:
    assert ChangePart().call() == RequestParts("PATCH", "/part", (), None)
    assert ChangePart(message="").call().content == b'{"message":""}'


def test_forms_are_urlencoded() -> None:
    call = SendForm("a b&c", ids=[1, 2], names=["x", "y"], on=True).call()

    assert call.headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    assert call.content == b"scope=a+b%26c&ids=1&ids=2&names=x%2Cy&on=true"


def test_files_go_out_with_what_is_said_about_them() -> None:
    with_message = ShareFile(b"bytes", message="hi").call()
    without = ShareFile(b"bytes").call()

    assert isinstance(with_message.content, RelatedBody)
    assert isinstance(without.content, RelatedBody)
    assert with_message.headers == (
        ("Content-Type", with_message.content.content_type),
    )
    assert b'{"message":"hi"}' in b"".join(with_message.content)
    assert b"metadata" not in b"".join(without.content)


def test_a_whole_body_goes_out_as_given() -> None:
    assert PutAnything(["x", None]).call().content == b'["x",null]'
    assert PutAnything({}).call().headers == (
        ("Content-Type", "application/vnd.parts+json"),
    )
    assert PutAnything().call() == RequestParts("PUT", "/anything", (), None)
    assert PutBytes(b"\x89").call() == RequestParts(
        "PUT",
        "/bytes",
        (("Content-Type", "image/png"),),
        b"\x89",
    )


def test_secrets_and_bodies_are_never_shown() -> None:
    session = DeleteSession("geheim", "john doe")
    put = PutPart("k", message="geheim", owner=None, topic="geheim")

    assert repr(session) == "DeleteSession(access_token=***, user='john doe')"
    assert str(session) == "DELETE /oauth/token/{access_token}/of/john doe"
    assert session.shown_target() == "/oauth/token/{access_token}/of/john doe"
    for text in (
        repr(put),
        str(put),
        repr(PutAnything("geheim")),
        repr(put.call()),
        repr(session.call()),
        pretty_repr(session),
        pretty_repr(put),
        pretty_repr(put.call()),
    ):
        assert "geheim" not in text
    assert set(session.private_values()) == {"geheim"}


def test_a_shown_path_stays_on_its_line() -> None:
    assert GetPart("a\nb/c", "é\u2028").shown_target() == (
        "/room/a%0Ab%2Fc/part/é%E2%80%A8.json"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ops & Co", "Ops & Co"),
        ("Büro: 1+1=2", "Büro: 1+1=2"),
        ("50% {done}?#", "50%25 %7Bdone%7D%3F%23"),
        ("\u202etxt", "%E2%80%AEtxt"),
        ("\ud83d", "%ED%A0%BD"),
    ],
)
def test_a_shown_path_has_names_as_people_write_them(name: str, shown: str) -> None:
    assert GetPart(name, "1").shown_target() == f"/room/{shown}/part/1.json"


@pytest.mark.parametrize(
    "operation",
    [
        GetPart("r", "p", expand=["a"], on=True),
        PutPart("k", message="m", owner=None, topic=UNSET, parts=[Part(label="x")]),
        PutPart("k", message="m", owner=None, topic=None),
        DeleteSession("t", "u"),
    ],
)
def test_an_operation_is_a_value(operation: Operation[object]) -> None:
    for twin in (
        pickle.loads(pickle.dumps(operation)),
        copy.copy(operation),
        copy.deepcopy(operation),
    ):
        assert twin == operation
        assert twin.call() == operation.call()
    name = operation.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(operation, name, "other")


def test_operations_can_be_told_apart_and_counted() -> None:
    assert DeleteSession("t", "u") == DeleteSession("t", "u") != DeleteSession("t", "v")
    assert len({DeleteSession("t", "u"), DeleteSession("t", "u")}) == 1


def test_limits_are_only_compared_when_asked() -> None:
    operation = PutPart("k", message="too long", owner=None)

    broken = find_broken_rule(operation)

    assert operation.call().content is not None
    assert broken is not None
    assert (broken.member, broken.rule, broken.limit) == ("message", "maxLength", 5)


NAIVE = datetime(2016, 9, 9)  # noqa: DTZ001  # The mistake that this is about.


@pytest.mark.parametrize("kind", [GetRoomHistory, GetPrivatechatHistory])
@pytest.mark.parametrize("name", ["date", "end_date"])
@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (NAIVE, ValueError, "{} needs a UTC offset: datetime(2016, 9, 9, tzinfo=UTC)"),
        (date(2016, 9, 9), TypeError, "{} must be a datetime, not date"),
        (1473379200, TypeError, "{} must be a datetime, not int"),
    ],
    ids=str,
)
def test_a_timestamp_argument_has_an_offset(
    kind: Any, name: str, value: object, error: type[Exception], shown: str
) -> None:
    with pytest.raises(error, match=re.escape(shown.format(name))):
        kind("x", **{name: value}).call()


def test_a_text_replaces_a_timestamp_only_where_the_api_defines_one() -> None:
    assert GetRoomHistory("x", date="recent").call().target.endswith("?date=recent")
    with pytest.raises(TypeError, match="end_date must be a datetime, not str"):
        GetRoomHistory("x", end_date="2016-09-09").call()  # type: ignore[arg-type]


def test_a_timestamp_with_an_offset_is_sent_unchanged() -> None:
    timestamp = datetime(2016, 9, 9, 12, tzinfo=timezone(timedelta(hours=2)))
    target = GetRoomHistory("x", end_date=timestamp).call().target
    assert target.endswith("end-date=2016-09-09T12%3A00%3A00%2B02%3A00")


# --- the same bytes as the declarations say, for every operation ---------------------------------

CLASSES = [entry.load() for entry in (*V2, *V1)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)
SCALARS: dict[object, st.SearchStrategy[object]] = {
    str: st.text(min_size=1, max_size=20).filter(lambda text: text not in (".", "..")),
    int: st.integers(-(2**60), 2**60),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    datetime: st.datetimes(timezones=st.timezones()),
    object: JSON,
    type(None): st.none(),
    UnsetType: st.just(UNSET),
}


def values(hint: Any) -> st.SearchStrategy[object]:
    """Return a strategy for the values of a type."""
    if hint in SCALARS:
        return SCALARS[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is list:
        return st.lists(values(get_args(hint)[0]), max_size=2)
    if get_origin(hint) is dict:
        return st.dictionaries(*map(values, get_args(hint)), max_size=2)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return st.deferred(lambda: structs(hint))
    parts = get_args(hint)
    if BinaryIO in parts:  # A file: its bytes are enough here.
        return st.binary(max_size=20)
    return st.one_of([values(part) for part in parts if part != os.PathLike[str]])


@cache
def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a struct: any argument may be left out."""
    fields = msgspec.structs.fields(kind)
    required = {item.name: values(item.type) for item in fields if item.required}
    optional = {item.name: values(item.type) for item in fields if not item.required}
    arguments = st.fixed_dictionaries(required, optional=optional)
    return arguments.map(lambda given: kind(**given))


def declared_target(operation: Operation[object]) -> str:
    """Return what path and query say, piece by piece."""
    target = re.sub(
        r"\{(\w+)\}",
        lambda found: quote(as_text(getattr(operation, found[1])), safe=""),
        operation.path,
    )
    pairs = []
    for name, wire in operation.query.items():
        value = getattr(operation, name)
        if value is not None:
            pairs += [(wire, text) for text in as_texts(operation, name, value)]
    query = urlencode(pairs, safe="", quote_via=quote)
    return f"{target}?{query}" if query else target


def declared_content(operation: Operation[object]) -> bytes | None:
    """Return what the members say, gathered in a dict."""
    kind = type(operation)
    defaults = {item.name: item.default for item in msgspec.structs.fields(kind)}
    members = {
        name: value
        for name in operation.members
        if (value := getattr(operation, name)) is not UNSET
        and (value is not None or defaults[name] is not None)
    }
    if operation.body_kind == "form":
        pairs = [
            (operation.members[name], text)
            for name, value in members.items()
            for text in as_texts(operation, name, value)
        ]
        return urlencode(pairs).encode()
    if operation.body_kind is None or (operation.optional_body and not members):
        return None
    body = {operation.members[name]: value for name, value in members.items()}
    file = body.pop("file", None)
    metadata = msgspec.json.encode(body)
    if file is None:
        return metadata
    return b"".join(RelatedBody(file, metadata if body else None, "boundary"))


def as_texts(operation: Operation[object], name: str, value: object) -> list[str]:
    if not isinstance(value, list):
        return [as_text(value)]
    texts = [as_text(item) for item in value]
    return [",".join(texts)] if name in operation.joined else texts


def as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__qualname__)
@settings(max_examples=10)
@given(data=st.data())
def test_a_call_sends_the_bytes_that_its_declarations_say(
    kind: type[Operation[object]], data: st.DataObject
) -> None:
    operation = data.draw(structs(kind))
    call = operation.call()
    content = call.content
    if isinstance(content, RelatedBody):
        boundary = content.content_type.partition("boundary=")[2]
        content = b"".join(content).replace(boundary.encode(), b"boundary")
    assert call.target == declared_target(operation)
    assert content == declared_content(operation)
