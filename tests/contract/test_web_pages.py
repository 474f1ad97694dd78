"""A server that answers every request with a web page has carried out none of them.

Sign-in pages, captive portals and the web server at a wrong address do so, with 200 as a rule.
"""

from __future__ import annotations

import html
import io
import json
from typing import Any

import pytest

from hipkit import AsyncOAuthClient, OAuthClient, ResponseError
from hipkit.client.download import DownloadSource
from hipkit.transports.protocol import RawResponse
from hipkit.v1.catalog import OPERATIONS as OPERATIONS_OF_VERSION_1
from hipkit.v2 import (
    AuthenticatedFile,
    DeleteRoom,
    GetAllRooms,
    GetRoom,
    GetRoomAvatar,
    MessageFile,
    SendRoomNotification,
)
from tests.contract.calls import OPERATION_IDS, calls
from tests.scripted import (
    BASE_URL,
    KINDS,
    TOKEN,
    Kind,
    answer,
    connect,
    done,
    listed,
    script_for,
)

both = pytest.mark.parametrize("kind", KINDS)

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in to Acme</title></head><body>...</body>"
HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
PAGES = {
    "as a page": RawResponse(200, HTML, PAGE),
    "as an XHTML page": RawResponse(
        200, {"content-type": "application/xhtml+xml"}, PAGE
    ),
    "created": RawResponse(201, HTML, PAGE),
    "accepted": RawResponse(202, HTML, PAGE),
    "no content": RawResponse(204, HTML, PAGE),
    "without a type": RawResponse(200, {}, PAGE),
    "as JSON": RawResponse(200, JSON, PAGE),
    "as text": RawResponse(200, {"content-type": "text/plain"}, PAGE),
    "as bytes": RawResponse(200, {"content-type": "application/octet-stream"}, PAGE),
    "behind a mark": RawResponse(200, {}, b"\xef\xbb\xbf \r\n" + PAGE),
    "behind a comment": RawResponse(200, {}, b"<!-- 3 --> " + PAGE),
    "behind words": RawResponse(
        200, {"content-type": "text/plain"}, b"Warning: x\n" + PAGE
    ),
    "in capitals": RawResponse(200, {"content-type": "Text/HTML"}, PAGE.upper()),
    "as a fragment": RawResponse(200, HTML, b"<p>Sign in to Acme</p>"),
    "in words alone": RawResponse(200, HTML, b"Sign in to Acme"),
    "in UTF-16": RawResponse(200, HTML, PAGE.decode().encode("utf-16")),
    "in Latin 1": RawResponse(200, HTML, "<p>Sign in to Acm\xe9".encode("latin-1")),
    "as XML": RawResponse(
        200, {"content-type": "text/xml"}, b"<?xml version='1.0'?><sign-in/>"
    ),
}


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
@both
def test_a_page_is_the_success_of_no_operation(kind: Kind, operation_id: str) -> None:
    call = next(iter(calls(operation_id)))
    client = connect(kind, script_for(kind, PAGES["as a page"]))
    with pytest.raises(ResponseError, match="<title>Sign in to Acme") as caught:
        done(call.on(client))
    error = caught.value
    assert (error.operation, error.status, error.body) == (call.operation, 200, PAGE)
    assert str(error).isprintable()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize(
    "operation",
    [SendRoomNotification("ops", message="hi"), DeleteRoom("ops"), GetAllRooms()],
    ids=lambda each: each.operation_id,
)
def test_a_page_is_recognised_whatever_it_says_of_itself(
    operation: Any, page: RawResponse
) -> None:
    client = connect("sync", script_for("sync", page))
    with pytest.raises(ResponseError, match=r"(?i)sign.in"):
        client.send(operation)


@pytest.mark.parametrize("entry", OPERATIONS_OF_VERSION_1, ids=lambda e: e.operation_id)
def test_nor_of_an_operation_of_version_1(entry: Any) -> None:
    operation = entry.load()
    arguments = dict.fromkeys(operation.__struct_fields__, "x")
    client = connect("sync", script_for("sync", PAGES["as a page"]))
    with pytest.raises(ResponseError, match="Sign in to Acme"):
        client.send(operation(**arguments))


@both
def test_nor_of_what_asks_further(kind: Kind) -> None:
    script = script_for(kind, lambda _: PAGES["as a page"])
    client = connect(kind, script)
    with pytest.raises(ResponseError, match="Sign in to Acme"):
        done(client.auth_test(SendRoomNotification("ops", message="hi")))
    with pytest.raises(ResponseError, match="Sign in to Acme"):
        done(client.request("GET", "/flag"))
    for walk in (
        client.items(GetAllRooms()),
        client.pages(GetAllRooms()),
        client.history("ops"),
    ):
        with pytest.raises(ResponseError, match="Sign in to Acme"):
            listed(walk)
    oauth = OAuthClient if kind == "sync" else AsyncOAuthClient
    asking: Any = oauth("id", "word", base_url=BASE_URL, transport=script)
    with pytest.raises(ResponseError, match="Sign in to Acme"):
        done(asking.generate_token(grant_type="client_credentials"))


@both
def test_a_redirect_to_a_sign_in_page_says_where_it_leads(kind: Kind) -> None:
    location = "https://user:word@login.example.com/in/acme?next=/v2/room"
    response = RawResponse(302, {**HTML, "location": location}, PAGE)
    client = connect(kind, script_for(kind, response))
    with pytest.raises(ResponseError) as caught:
        done(client.rooms.send_room_notification("ops", message="hi"))
    text = str(caught.value)
    assert "302 to https://login.example.com; redirects are not followed" in text
    assert not any(part in text for part in ("word", "next", "/in/"))


@pytest.mark.parametrize(
    "response",
    [
        RawResponse(200, {}),
        RawResponse(200, HTML),
        RawResponse(200, HTML, b" \r\n"),
        RawResponse(200, HTML, b'{"status": "ok"}'),
        RawResponse(200, {"content-type": "text/plain"}, b'"<html>"'),
        RawResponse(201, JSON, b'{"id": 1, "note": "<html><body>"}'),
        RawResponse(202, JSON, b"null"),
        RawResponse(204, {}),
        RawResponse(200, {"content-type": "text/plain"}, b"ok"),
        RawResponse(200, JSON, b"<3"),
    ],
)
@both
def test_any_other_body_is_a_success_where_nothing_is_promised(
    kind: Kind, response: RawResponse
) -> None:
    client = connect(kind, script_for(kind, response))
    sent = client.rooms.send_room_notification("ops", message="hi")
    assert done(sent) is None


REFUSAL = {"error": {"code": 401, "type": "Unauthorized", "message": "no such token"}}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, REFUSAL, "no such token"),
        (201, REFUSAL, "no such token"),
        (204, REFUSAL, "no such token"),
        (200, {"error": {"code": 500}}, "without a message"),
        (200, {"error": "access_denied"}, "access_denied"),
        (200, {"error": "x", "error_description": "log in first"}, "log in first"),
    ],
)
@pytest.mark.parametrize(
    "operation",
    [
        SendRoomNotification("ops", message="hi"),
        DeleteRoom("ops"),
        GetAllRooms(),
        GetRoom("ops"),
    ],
    ids=lambda each: each.operation_id,
)
@both
def test_a_refusal_is_no_success_whatever_its_status(
    kind: Kind, operation: Any, status: int, body: Any, words: str
) -> None:
    client = connect(kind, script_for(kind, answer(body, status)))
    with pytest.raises(ResponseError, match=f"reports an error: {words}") as caught:
        done(client.send(operation))
    assert (caught.value.status, caught.value.where) == (status, "$.error")


def test_a_refusal_with_200_repeats_no_token() -> None:
    error_body = {"error": {"code": 401, "message": f"no such token: {TOKEN}"}}
    client = connect("sync", script_for("sync", answer(error_body)))
    with pytest.raises(ResponseError, match=r"no such token: \*\*\*") as caught:
        client.rooms.send_room_notification("ops", message="hi")
    assert TOKEN not in repr(caught.value)


@pytest.mark.parametrize(
    "body", [{"error": None}, {"error": ""}, {"error": {}}, {"note": {"error": "x"}}]
)
def test_a_body_without_an_error_is_none(body: Any) -> None:
    client = connect("sync", script_for("sync", answer(body)))
    assert client.rooms.send_room_notification("ops", message="hi") is None


def test_what_was_asked_for_is_given_whatever_stands_beside_it() -> None:
    body = {"items": [{"id": 7}], "error": "some rooms are hidden"}
    client = connect("sync", script_for("sync", answer(body)))
    assert [room.id for room in client.items(GetAllRooms())] == [7]


@both
def test_json_is_read_whatever_its_type_says(kind: Kind) -> None:
    response = RawResponse(200, HTML, b'{"items": [{"id": 7}]}')
    client = connect(kind, script_for(kind, response))
    assert [room.id for room in done(client.rooms.get_all_rooms()).items] == [7]


@both
def test_an_answer_that_was_cut_off_is_not_shown(kind: Kind) -> None:
    body = b'{"items": [{"id": "1", "message": "between us'
    client = connect(kind, script_for(kind, RawResponse(200, HTML, body)))
    with pytest.raises(ResponseError) as caught:
        done(client.rooms.get_room_history("ops"))
    assert "between" not in str(caught.value)


@pytest.mark.parametrize("message", ["hi", "server down", "it's <b>up</b>"])
@both
def test_not_even_a_word_that_was_sent_is_shown(kind: Kind, message: str) -> None:
    form = f"<form>Once more? <p>{html.escape(message)}</p> {json.dumps(message)}"
    client = connect(kind, script_for(kind, RawResponse(200, HTML, form.encode())))
    with pytest.raises(ResponseError, match="Once more") as caught:
        done(client.rooms.send_room_notification("ops", message=message))
    assert message not in str(caught.value).partition("Once more")[2]


@both
def test_a_long_page_is_shown_by_its_beginning_on_one_line(kind: Kind) -> None:
    body = b"<html>\n\x1b[31m\x00" + b"a " * 1_000_000
    client = connect(kind, script_for(kind, RawResponse(200, HTML, body)))
    with pytest.raises(ResponseError) as caught:
        done(client.rooms.delete_room("ops"))
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 600


@both
def test_a_picture_is_no_redirect_and_no_page(kind: Kind) -> None:
    client = connect(kind, script_for(kind, PAGES["as a page"]))
    with pytest.raises(ResponseError, match=r"unexpected answer 200.*Sign in to Acme"):
        done(client.send(GetRoomAvatar("ops")))


FILE_SIZE = 2048


@pytest.mark.parametrize(
    "source",
    [
        MessageFile(
            name="a.png", size=FILE_SIZE, url="https://files.example.com/1/a.png"
        ),
        MessageFile(name="Makefile", size=FILE_SIZE, url="https://files.example.com/1"),
        AuthenticatedFile(id="7", name="a.pdf"),
        AuthenticatedFile(id="7"),
        "https://files.example.com/1/a.zip?x=1",
        "file/17",
    ],
    ids=repr,
)
@both
def test_a_page_is_no_file(kind: Kind, source: DownloadSource) -> None:
    target = io.BytesIO()
    client = connect(kind, script_for(kind, PAGES["as a page"]))
    with pytest.raises(ResponseError, match="Sign in to Acme"):
        done(client.download(source, target))
    assert target.getvalue() == b""


@pytest.mark.parametrize(
    "source",
    [
        MessageFile(
            name="a.html", size=FILE_SIZE, url="https://files.example.com/a.html"
        ),
        MessageFile(
            name="page", size=len(PAGE), url="https://files.example.com/1/page"
        ),
        "https://files.example.com/1/page.html",
        "https://files.example.com/1/page",
    ],
    ids=repr,
)
@both
def test_a_file_may_be_a_page(kind: Kind, source: DownloadSource) -> None:
    target = io.BytesIO()
    client = connect(kind, script_for(kind, PAGES["as a page"]))
    assert done(client.download(source, target)) == len(PAGE)
    assert target.getvalue() == PAGE
