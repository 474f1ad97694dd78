"""Matrix: addresses, events and their limits, and what answers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets.matrix import Matrix, MatrixSettings
from hipkit.relay.targets.protocol import (
    PLACE,
    FindsPlace,
    Notify,
    RenderOptions,
    Reply,
    Verdict,
)
from tests.unit.relay.messages import message

SETTINGS = MatrixSettings(
    homeserver="https://matrix.example.com/",
    room="#alerts:example.com",
    token=Secret("syt_secret"),
)
API = "https://matrix.example.com/_matrix"


PICTURE = RelayFile(
    key="k", name="cpu.png", size_bytes=7, content_type="image/png", url="https://e.com"
)


def event(relayed: RelayMessage, **options: Any) -> Any:
    """Return what an event holds."""
    call = Matrix().render(relayed, SETTINGS, RenderOptions(**options))
    return json.loads(call.body)


def answer(status: int, body: object, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("room", "path"),
    [
        ("#alerts:example.com", "%23alerts%3Aexample.com"),
        ("!id/with?signs:example.com", "%21id%2Fwith%3Fsigns%3Aexample.com"),
        ("!GBmZJTmdEuG2wPohx1fqkOLHXDP45UgGipOIr4lRWVw", None),
    ],
)
def test_a_room_is_asked_for_by_alias_or_id_as_it_is(
    room: str, path: str | None
) -> None:
    settings = MatrixSettings(
        homeserver="https://matrix.example.com", room=room, token=Secret("x")
    )

    call = Matrix().render_place(settings)

    expected = path or f"%21{room[1:]}"
    assert call.url.reveal() == f"{API}/client/v3/join/{expected}"
    assert (call.method, call.body) == ("POST", b"{}")
    assert ("Authorization", "Bearer x") in call.headers


def test_the_room_s_id_is_what_the_homeserver_calls_it() -> None:
    target = Matrix()
    assert isinstance(target, FindsPlace)

    found = target.read_place(answer(200, {"room_id": "!id"}))

    assert (found.verdict, found.reference) == ("delivered", "!id")


def test_a_file_is_uploaded_with_its_name_and_type() -> None:
    file = RelayFile(key="k", name="a b/ü.png", size_bytes=3, content_type="image/png")

    call = Matrix().render_upload(file, SETTINGS)

    assert call.url.reveal() == f"{API}/media/v3/upload?filename=a%20b%2F%C3%BC.png"
    assert ("Content-Type", "image/png") in call.headers
    assert call.file is file


@pytest.mark.parametrize("hostile", ["text/html\r\nX: y", "", "text", "\ud800/a"])
def test_a_type_that_is_none_goes_out_as_bytes(hostile: str) -> None:
    file = RelayFile(key="k", name="\ud800", size_bytes=3, content_type=hostile)

    call = Matrix().render_upload(file, SETTINGS)

    assert ("Content-Type", "application/octet-stream") in call.headers


def test_an_upload_is_known_by_its_address() -> None:
    found = Matrix().read_upload(answer(200, {"content_uri": "mxc://example.com/a"}))

    assert (found.verdict, found.reference) == ("delivered", "mxc://example.com/a")


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (400, "M_BAD_JSON", "content"),
        (400, "M_NOT_JSON", "content"),
        (413, "M_TOO_LARGE", "content"),
        (401, "M_UNKNOWN_TOKEN", "route"),
        (401, "M_MISSING_TOKEN", "route"),
        (403, "M_FORBIDDEN", "route"),
        (404, "M_NOT_FOUND", "route"),
        (404, "M_UNRECOGNIZED", "route"),
        (429, "M_LIMIT_EXCEEDED", "later"),
        (502, None, "later"),
    ],
)
def test_what_the_homeserver_says_no_to_is_told_apart(
    status: int, code: str | None, verdict: Verdict
) -> None:
    reply = answer(status, {"errcode": code, "error": "User @bot not in room"})

    found = Matrix().read(reply)

    assert found.verdict == verdict
    assert found.problem == (
        f"the target answered {status}" + (f", {code}" if code else "")
    )


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"retry_after_ms": 2500}, {}, 2.5),
        ({}, {"retry_after": "4"}, 4),
        ({"retry_after_ms": 2500}, {"retry_after": "1"}, 2.5),
        ({"retry_after_ms": "soon"}, {}, None),
        ({"retry_after_ms": -1}, {}, None),
        ({"retry_after_ms": True}, {}, None),
    ],
)
def test_the_homeserver_may_ask_to_wait_in_either_form(
    body: dict[str, Any], headers: dict[str, str], seconds: float | None
) -> None:
    reply = answer(429, {"errcode": "M_LIMIT_EXCEEDED"} | body, **headers)

    assert Matrix().read(reply).wait_seconds == seconds


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"event_id": 1}'])
def test_a_success_that_is_no_homeserver_s_delivers_nothing(body: bytes) -> None:
    found = Matrix().read(Reply(status=200, body=body))

    assert found.verdict == "route"
    assert found.problem == "the address is not a homeserver's"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"homeserver": "matrix.example.com"}, "homeserver is no address"),
        ({"homeserver": "https://"}, "homeserver is no address"),
        ({"homeserver": "https://a:b@example.com"}, "without a user"),
        ({"homeserver": "https://example.com/?a"}, "without a user"),
        ({"room": "alerts"}, "neither an id"),
        ({"room": "#a b"}, "neither an id"),
        ({"room": "#a\n"}, "neither an id"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    changes: dict[str, str], problem: str
) -> None:
    usual: Any = {"homeserver": "https://example.com", "room": "#a:example.com"}

    with pytest.raises(ValueError, match=problem):
        MatrixSettings(**usual | changes, token=Secret("x"))


def test_turns_are_taken_by_homeserver_and_no_secret_is_shown() -> None:
    assert Matrix().host(SETTINGS) == "matrix.example.com"
    assert "secret" not in repr(SETTINGS)
    assert "secret" not in repr(Matrix().render_place(SETTINGS))


def test_a_message_is_sent_under_its_own_id_to_the_room_s() -> None:
    options = RenderOptions(references={PLACE: "!id"})

    call = Matrix().render(message(id="a/b"), SETTINGS, options)

    assert call.method == "PUT"
    assert call.url.reveal() == f"{API}/client/v3/rooms/%21id/send/m.room.message/a%2Fb"


def test_colour_label_title_and_text_are_shown() -> None:
    found = event(message(title="Dev Ops", label="CI <1>"))

    assert found["formatted_body"] == (
        '<span data-mx-color="#D04437">▌</span> '
        "<strong>CI &lt;1&gt;</strong> · Dev Ops<br>Build failed"
    )
    assert found["format"] == "org.matrix.custom.html"
    assert found["body"] == "🔴 CI <1> · Dev Ops: Build failed"


def test_what_has_no_colour_has_no_bar() -> None:
    found = event(message(kind="message", color=None))

    assert found["formatted_body"] == "<strong>Jenkins</strong><br>Build failed"
    assert found["body"] == "Jenkins: Build failed"


@pytest.mark.parametrize(
    ("kind", "loud", "notify", "type_", "mentions"),
    [
        ("notification", False, "normal", "m.notice", {}),
        ("notification", True, "normal", "m.text", {}),
        ("notification", True, "never", "m.notice", {}),
        ("notification", True, "mention", "m.text", {"room": True}),
        ("notification", False, "mention", "m.notice", {}),
        ("message", False, "normal", "m.text", {}),
        ("message", False, "never", "m.notice", {}),
    ],
)
def test_a_message_rings_as_the_route_allows(
    kind: str, loud: bool, notify: Notify, type_: str, mentions: dict[str, object]
) -> None:
    found = event(message(kind=kind, loud=loud), notify=notify)

    assert (found["msgtype"], found["m.mentions"]) == (type_, mentions)


def test_a_mention_reaches_whom_the_route_maps_and_nobody_else() -> None:
    body = (Element(tag="p", children=(Mention("bob"), Mention("ann"), Mention("x"))),)
    known = {"bob": "@bob:example.com", "ann": "ann"}

    found = event(message(body=body), mentions=known)
    quiet = event(message(body=body), mentions=known, notify="never")

    link = '<a href="https://matrix.to/#/@bob:example.com">@bob</a>'
    assert found["m.mentions"] == {"user_ids": ["@bob:example.com"]}
    assert f"{link}@\u200bann@\u200bx" in found["formatted_body"]
    assert quiet["m.mentions"] == {}
    assert "matrix.to" not in quiet["formatted_body"]


def test_text_for_everybody_is_no_mention() -> None:
    found = event(message(body=(Text("@room @here"), Mention("here")), label="@room"))

    assert found["m.mentions"] == {}
    for text in (found["body"], found["formatted_body"]):
        assert "@room" not in text
        assert "@here" not in text


def test_a_reply_is_in_the_thread_of_its_message() -> None:
    found = event(message(thread="card"), references={"card": "$root"})

    assert found["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$root"},
    }


def test_a_reply_to_something_unknown_is_in_no_thread() -> None:
    assert "m.relates_to" not in event(message(thread="card"))


@pytest.mark.parametrize(
    ("content_type", "type_"), [("image/png", "m.image"), ("text/csv", "m.file")]
)
def test_an_uploaded_file_is_the_event_and_the_text_its_caption(
    content_type: str, type_: str
) -> None:
    file = RelayFile(
        key="k",
        name="cpu",
        size_bytes=7,
        content_type=content_type,
        url="https://e.com",
    )

    found = event(message(files=(file,)), references={"k": "mxc://example.com/a"})

    assert (found["msgtype"], found["filename"]) == (type_, "cpu")
    assert found["url"] == "mxc://example.com/a"
    assert found["info"] == {"mimetype": content_type, "size": 7}
    assert found["formatted_body"].endswith("<br>Build failed")
    assert "https://e.com" not in found["formatted_body"]


def test_a_file_that_was_not_uploaded_is_linked() -> None:
    found = event(message(files=(PICTURE,)))

    assert found["msgtype"] == "m.notice"
    assert '<a href="https://e.com">cpu.png</a>' in found["formatted_body"]


def test_what_was_refused_is_sent_as_text_alone() -> None:
    found = event(
        message(thread="card", files=(PICTURE,)),
        references={"card": "$root", "k": "mxc://example.com/a"},
        plain=True,
    )

    assert sorted(found) == ["body", "m.mentions", "msgtype"]
    assert "cpu.png (https://e.com)" in found["body"]


LONG = st.sampled_from(["x", "é", "漢", "🎉", "\x01", '"', "<", "&", "@here ", "\n"])


@given(
    st.lists(LONG, max_size=5),
    st.integers(0, 40_000),
    st.lists(LONG, max_size=3),
    st.integers(0, 2_000),
    st.booleans(),
)
def test_an_event_is_within_the_limit_whatever_the_text(
    letters: list[str], times: int, head: list[str], head_times: int, is_plain: bool
) -> None:
    body = (Text("".join(letters) * times),)
    relayed = message(
        body=body,
        label="".join(head) * head_times,
        title="".join(head) * head_times,
        link="https://relay.example.com/messages/" + "x" * 200,
        files=(PICTURE,),
        thread="t",
    )

    call = Matrix().render(
        relayed,
        SETTINGS,
        RenderOptions(references={"k": "mxc://a/b", "t": "$t"}, plain=is_plain),
    )

    # Homeservers add about 600 bytes, 3,000 at most: hashes, signatures, events before it.
    assert len(call.body) <= 62_000
