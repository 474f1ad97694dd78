from __future__ import annotations

import pytest

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.http.routes import MethodNotAllowedError, Router
from hipkit.v2.catalog import OPERATIONS
from tests.unit.server.asgi import Site

ROUTER = Router(OPERATIONS)


def named(method: str, path: bytes) -> str:
    return ROUTER.match(method, path).entry.operation_id


@pytest.mark.parametrize("entry", OPERATIONS, ids=lambda entry: entry.operation_id)
def test_every_operation_is_found(entry: object) -> None:
    from hipkit.api.catalog import Entry

    assert isinstance(entry, Entry)
    assert named(entry.method, entry.path.encode()) == entry.operation_id


def test_words_of_the_api_go_before_arguments() -> None:
    assert named("GET", b"/room/x/history/latest") == "get_recent_room_history"
    assert named("GET", b"/room/x/history/late") == "get_room_message"
    assert (
        named("GET", b"/capabilities/addon/schema") == "get_addon_capabilities_schema"
    )


def test_arguments_are_decoded_after_the_path_is_split() -> None:
    match = ROUTER.match("GET", b"/room/a%2Fb%20%25/history/%C3%BC")

    assert match.arguments == {"room_id_or_name": "a/b %", "message_id": "ü"}


@pytest.mark.parametrize(
    "path", [b"//room/x", b"/room/x/", b"/room//x", b"///room/x//", b"/room/x//"]
)
def test_needless_slashes_are_passed_over_when_reading(path: bytes) -> None:
    assert named("GET", path) == "get_room"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", b"/room/x/"),
        ("DELETE", b"/room//x"),
        ("DELETE", b"/room/x//"),
        ("DELETE", b"/room/x/member/"),
        ("DELETE", b"/room/x/webhook/"),
        ("DELETE", b"/room//member/1"),
        ("DELETE", b"/user/x/"),
        ("PUT", b"/room//topic"),
        ("PUT", b"/room/x/"),
        ("PUT", b"/user//photo"),
    ],
)
def test_a_change_never_becomes_one_of_a_shorter_path(method: str, path: bytes) -> None:
    with pytest.raises((NotFoundError, MethodNotAllowedError)):
        ROUTER.match(method, path)


@pytest.mark.parametrize("path", [b"//room/x/topic", b"/room/x/topic/"])
def test_harmless_slashes_are_passed_over_when_changing(path: bytes) -> None:
    assert named("PUT", path) == "set_topic"


def test_head_means_get() -> None:
    assert named("HEAD", b"/room/x") == "get_room"


def test_the_error_about_a_method_lists_those_of_the_path() -> None:
    with pytest.raises(MethodNotAllowedError) as caught:
        ROUTER.match("PATCH", b"/room/x")

    assert caught.value.allowed == ("DELETE", "GET", "PUT")


@pytest.mark.parametrize(
    "path", [b"/", b"", b"/rooms", b"/user/x/y", b"/extension/webhook"]
)
def test_an_unknown_path_is_not_found(path: bytes) -> None:
    with pytest.raises(NotFoundError):
        ROUTER.match("GET", path)


@pytest.mark.parametrize("path", [b"/room/%ff", b"/room/\xff", b"/room/a%00b"])
def test_a_path_that_is_not_text_is_400(path: bytes) -> None:
    with pytest.raises(BadRequestError):
        ROUTER.match("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "operation_id", "room"),
    [
        ("POST", b"/room/Dev/Ops/notification", "send_room_notification", "Dev/Ops"),
        ("POST", b"/room/a/b/c/message", "send_message", "a/b/c"),
        ("GET", b"/room/Dev/Ops", "get_room", "Dev/Ops"),
        ("GET", b"/room/Dev/Ops/history/latest", "get_recent_room_history", "Dev/Ops"),
        ("GET", b"/room/a/member/b/statistics", "get_room_statistics", "a/member/b"),
        ("PUT", b"/room/Dev/Ops/topic", "set_topic", "Dev/Ops"),
        ("POST", b"/room/Dev/O%2Fps%20x/notification", "send_room_notification", "Dev/O/ps x"),
        # A path of the API goes before a name.
        ("GET", b"/room/Dev/history/latest", "get_recent_room_history", "Dev"),
        ("GET", b"/room/Dev/history/Ops", "get_room_message", "Dev"),
    ],
)  # fmt: skip
def test_a_rooms_name_may_hold_slashes_that_are_not_encoded(
    method: str, path: bytes, operation_id: str, room: str
) -> None:
    match = ROUTER.match(method, path)

    assert match.entry.operation_id == operation_id
    assert match.arguments["room_id_or_name"] == room


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", b"/room/Dev/Ops"),
        ("DELETE", b"/room/Dev/webhok/5"),
        ("DELETE", b"/room/Dev/Ops/member/5"),
        ("PUT", b"/room/Dev/Ops"),
        ("PUT", b"/room/Dev/topics"),
        ("PUT", b"/room/Dev//Ops/topic"),
        ("GET", b"/user/Dev/Ops/photo/big/more"),
    ],
)
def test_such_a_name_deletes_nothing_and_replaces_no_room(
    method: str, path: bytes
) -> None:
    with pytest.raises(NotFoundError):
        ROUTER.match(method, path)


@pytest.mark.parametrize("slashes", [50, 30_000])
def test_a_name_with_slashes_is_no_longer_than_names_are(slashes: int) -> None:
    for end in (b"notification", b"member/x", b""):
        with pytest.raises(NotFoundError):
            ROUTER.match("POST", b"/room/" + b"ab/" * slashes + end)


def test_a_room_token_is_held_against_a_name_with_slashes(site: Site) -> None:
    site.add_room("Dev")
    site.add_room("Dev/Ops")
    token = site.add_room_token("Dev")
    body = {"message": "x"}

    own = site.post("/v2/room/Dev/notification", body, token=token)
    other = site.post("/v2/room/Dev/Ops/notification", body, token=token)
    anybody = site.post("/v2/room/Dev/Ops/notification", body)

    assert (own.status, other.status, anybody.status) == (204, 403, 204)


def test_the_wrong_method_is_answered_405_with_allow(site: Site) -> None:
    reply = site.delete("/v2/room")

    assert reply.status == 405
    assert reply.header("Allow") == "GET, POST"
    assert reply.error["type"] == "Method Not Allowed"


def test_head_has_everything_but_the_body(site: Site) -> None:
    site.add_room("Ops")
    full, head = site.get("/v2/room/Ops"), site.send("HEAD", "/v2/room/Ops")

    assert (head.status, head.body) == (200, b"")
    assert head.header("Content-Length") == str(len(full.body))


@pytest.mark.parametrize("target", ["/", "/v2x/room", "/favicon.ico"])
def test_what_is_outside_the_api_is_not_found(site: Site, target: str) -> None:
    assert site.get(target).status == 404


def test_doubled_slashes_from_joining_addresses_do_no_harm(site: Site) -> None:
    site.add_room("Ops")

    assert site.get("/v2//room/Ops").status == 200
    assert site.get("//v2/room/Ops/").status == 200
    assert site.put("/v2//room/Ops/topic", {"topic": "x"}).status == 204
