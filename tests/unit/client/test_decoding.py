"""From answers to results, with everything that real servers send differently."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import msgspec
import pytest

from hipkit.api.bodies.reading import UnreadableError, read_json
from hipkit.api.errors import ResponseError
from hipkit.api.model import DateTime, Model
from hipkit.api.operation import Operation
from hipkit.api.redaction import mask_path
from hipkit.transports.protocol import RawResponse
from tests.scripted import decode

MOMENT = datetime(2014, 9, 26, 10, 44, 4, tzinfo=UTC)


class Person(Model, frozen=True, omit_defaults=True):
    id: int
    name: str | None = None
    last_active: DateTime | None = None


class Note(Model, frozen=True, omit_defaults=True):
    secrets = frozenset({"text"})

    id: str
    date: DateTime | None = None
    text: str | None = None
    from_: Person | str | None = msgspec.field(name="from", default=None)


class Notes(Model, frozen=True, omit_defaults=True):
    items: list[Note] | None = None


class GetPicture(Operation[str], frozen=True):
    operation_id = "get_picture"
    tag = "Notes"
    method = "GET"
    path = "/picture"
    redirect = True
    result = str


class GetNotes(Operation[Notes], frozen=True):
    operation_id = "get_notes"
    tag = "Notes"
    method = "GET"
    path = "/notes"
    result = Notes


@pytest.mark.parametrize(
    "date",
    [
        '"2014-09-26T10:44:04+00:00"',
        '"2014-09-26T10:44:04.000000+00:00"',
        '"2014-09-26T10:44:04Z"',
        '"2014-09-26T10:44:04"',
        '"2014-09-26 10:44:04"',
        '"2014-09-26T12:44:04+0200"',
        '"1411728244"',
        "1411728244",
        "1411728244.0",
        '"1411728244.0"',
    ],
)
def test_a_moment_is_read_in_every_form_that_servers_used(date: str) -> None:
    body = b'{"id": 1, "last_active": %s}' % date.encode()
    person = read_json(body, Person)
    assert isinstance(person, Person)
    assert person.last_active == MOMENT
    assert person.last_active.utcoffset() is not None


@pytest.mark.parametrize("date", ['""', '"None"', '"never"', "null"])
def test_a_word_for_no_moment_is_none(date: str) -> None:
    assert read_json(b'{"id": 1, "last_active": %s}' % date.encode(), Person) == Person(
        1
    )


def test_dates_without_offset_are_mended_in_every_item_at_once() -> None:
    body = b'{"items": [%s]}' % b",".join(
        b'{"id": "%d", "date": "2014-09-26T10:44:04", '
        b'"from": {"id": "7", "last_active": "2014-09-26T10:44:04"}}' % number
        for number in range(200)
    )
    notes = read_json(body, Notes)
    assert isinstance(notes, Notes)
    assert notes.items is not None
    assert {note.date for note in notes.items} == {MOMENT}
    assert notes.items[199].from_ == Person(7, last_active=MOMENT)


def test_a_text_that_looks_like_a_date_is_left_alone() -> None:
    body = b'{"id": "1", "date": "2014-09-26T10:44:04", "text": "2014-09-26T10:44:04"}'
    note = read_json(body, Note)
    assert isinstance(note, Note)
    assert note.text == "2014-09-26T10:44:04"


def test_numbers_are_read_as_text_and_text_as_numbers_where_the_spec_says_so() -> None:
    assert read_json(
        b'{"id": 17, "text": 3.5, "from": {"id": "5", "name": 12}}', Note
    ) == Note("17", text="3.5", from_=Person(5, name="12"))


@pytest.mark.parametrize(
    ("sender", "read"),
    [(b'"Jenkins"', "Jenkins"), (b"null", None), (b'{"id": 3}', Person(3))],
)
def test_a_sender_is_a_person_a_text_or_nobody(sender: bytes, read: object) -> None:
    note = read_json(b'{"id": "1", "from": %s, "unknown": {"a": []}}' % sender, Note)
    assert isinstance(note, Note)
    assert note.from_ == read


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"[]", "$"),
        (b'{"items": {}}', "$.items"),
        (b'{"items": [{"id": "1"}, {}]}', "$.items[1]"),
        (b'{"items": [{"id": "1", "date": "yesterday"}]}', "$.items[0].date"),
        (b'{"items": [{"id": "1", "from": []}]}', "$.items[0].from"),
        (b'["\xff\xfe"]', "byte 2"),
        (b'{"items": "\xff"}', "byte 11"),
        (b"<html>", ""),
        (b"", ""),
        (b'{"items":' + b"[" * 100_000, ""),
        (b'{"other":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
    ],
)
def test_what_cannot_be_read_says_where(body: bytes, where: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_json(body, Notes)
    assert caught.value.where == where


def test_a_redirect_returns_its_target() -> None:
    target = decode(
        GetPicture(),
        RawResponse(302, {"location": "/p/1.png"}),
        "https://chat.example.com/v2/picture",
    )
    assert target == "https://chat.example.com/p/1.png"


def test_models_survive_pickle_copy_and_json_and_hide_private_text() -> None:
    note = Note("1", MOMENT, "psst", Person(5))
    assert (
        pickle.loads(pickle.dumps(note))
        == copy.deepcopy(note)
        == copy.copy(note)
        == Note.from_json(note.to_json())
        == note
    )
    assert "psst" not in repr(note)


def test_free_paths_hide_their_secrets() -> None:
    assert mask_path("/oauth/token/abc") == "/oauth/token/***"
    assert mask_path("/addon/link/abc") == "/addon/link/***"
    assert mask_path("/addon/a.b/installable/abc") == "/addon/a.b/installable/***"
    assert mask_path("/room/ops") == "/room/ops"


@pytest.mark.parametrize(
    "answer",
    [
        RawResponse(200, {}, b"\x89PNG"),
        RawResponse(204, {}),
        RawResponse(302, {}),
        RawResponse(302, {"location": "http://[bad"}),
        RawResponse(302, {"location": "javascript:alert(1)"}),
        RawResponse(302, {"location": "http:///1.png"}),
        RawResponse(302, {"location": "https://files.example.com:x/1.png"}),
    ],
)
def test_a_redirect_without_an_address_is_a_response_error(answer: RawResponse) -> None:
    with pytest.raises(ResponseError):
        decode(GetPicture(), answer, "https://chat.example.com/v2/picture")


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_json(b'\xef\xbb\xbf{"id": 1}', Person) == Person(1)


def test_an_object_where_json_in_a_text_belongs_becomes_that_text() -> None:
    note = read_json(b'{"id": "1", "text": {"a": [1]}}', Note)
    assert note == Note("1", text='{"a":[1]}')


@pytest.mark.parametrize("items", [b"[]", b"null", b'[{"id": "1"}]'])
def test_an_error_beside_a_result_is_no_error(items: bytes) -> None:
    body = b'{"items": %b, "error": {"message": "late"}}' % items
    decode(GetNotes(), RawResponse(200, {}, body), "https://example.com/")


@pytest.mark.parametrize("rest", [b"", b', "links": {"self": "x"}'])
def test_an_error_without_a_result_is_raised(rest: bytes) -> None:
    body = b'{"error": {"message": "late"}%b}' % rest
    with pytest.raises(ResponseError, match="reports an error: late"):
        decode(GetNotes(), RawResponse(200, {}, body), "https://example.com/")
