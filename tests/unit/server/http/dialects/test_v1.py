"""API v1, as the programs that still speak it do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from hipkit.server.shared.limits import LimitSettings
from tests.unit.server.asgi import FORM, RawResponse, Site


def form(
    site: Site, path: str, token: str | None = "", **fields: object
) -> RawResponse:
    if token is not None:
        fields.setdefault("auth_token", token or site.token)
    body = urlencode(fields).encode()
    return site.send("POST", f"/v1/{path}", body=body, headers=[FORM], token=None)


def get(site: Site, path: str, token: str = "", **fields: object) -> RawResponse:
    query = urlencode({"auth_token": token or site.token, **fields})
    return site.get(f"/v1/{path}?{query}", token=None)


def message(**fields: object) -> dict[str, Any]:
    return {"room_id": "Ops", "from": "Alerts", "message": "Hello", **fields}


def only(site: Site, room: str | int = "Ops") -> dict[str, Any]:
    (found,) = site.messages(room)
    return found


def test_a_message_is_posted_by_form(site: Site) -> None:
    site.add_room("Ops")

    reply = form(site, "rooms/message", **message(color="red", message_format="text"))

    assert (reply.status, reply.json) == (200, {"status": "sent"})
    assert reply.header("Content-Type") == "application/json"
    posted = only(site)
    assert (posted["from"], posted["message"]) == ("Alerts", "Hello")
    assert (posted["color"], posted["message_format"]) == ("red", "text")


def test_a_message_is_html_and_yellow_unless_said(site: Site) -> None:
    site.add_room("Ops")

    form(site, "rooms/message", **message(color="", message_format="", notify=""))

    posted = only(site)
    assert (posted["color"], posted["message_format"]) == ("yellow", "html")


def test_a_message_is_posted_by_get(site: Site) -> None:
    site.add_room("Ops")

    assert get(site, "rooms/message", **message(format="json")).status == 200
    assert only(site)["message"] == "Hello"


def test_head_posts_nothing(site: Site) -> None:
    site.add_room("Ops")
    query = urlencode({"auth_token": site.token, **message()})

    reply = site.send("HEAD", f"/v1/rooms/message?{query}", token=None)

    assert reply.status == 405
    assert site.messages("Ops") == []


def test_arguments_of_a_post_may_all_stand_in_the_query(site: Site) -> None:
    site.add_room("Ops")
    query = urlencode({"auth_token": site.token, **message()})

    assert site.post(f"/v1/rooms/message?{query}", token=None).status == 200
    assert only(site)["message"] == "Hello"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (None, b"room_id=Ops&from=Bot&message=a+b"),
        ("text/plain", b"room_id=Ops&from=Bot&message=a%20b"),
        ("application/json", b'{"room_id": "Ops", "from": "Bot", "message": "a b"}'),
        (
            "multipart/form-data; boundary=xyz",
            b'--xyz\r\nContent-Disposition: form-data; name="room_id"\r\n\r\nOps\r\n'
            b'--xyz\r\nContent-Disposition: form-data; name="from"\r\n\r\nBot\r\n'
            b"--xyz\r\nContent-Type: text/plain\r\n"
            b'Content-Disposition: form-data; name="message"\r\n\r\na b\r\n--xyz--\r\n',
        ),
        (
            "multipart/form-data; boundary=xyz",
            b"--xyz\ncontent-disposition: form-data; name=room_id\n\nOps\n"
            b"--xyz\nContent-Disposition: form-data; name=from\n\nBot\n"
            b'--xyz\nContent-Disposition: form-data; name="message"\n\na b\n--xyz--\n',
        ),
    ],
)
def test_bodies_of_old_scripts_are_read(
    site: Site, content_type: str | None, body: bytes
) -> None:
    site.add_room("Ops")
    headers = [] if content_type is None else [("Content-Type", content_type)]

    reply = site.send("POST", "/v1/rooms/message", body=body, headers=headers)

    assert reply.status == 200
    assert only(site)["message"] == "a b"


def test_what_stands_in_a_message_ends_no_part(site: Site) -> None:
    site.add_room("Ops")
    said = "a --x b\r\n-- x\r\n\r\nc"
    fields = {"room_id": "Ops", "from": "Bot", "message": said, "color": ""}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    headers = [("Content-Type", "multipart/form-data; boundary=x")]

    reply = site.send("POST", "/v1/rooms/message", body=body.encode(), headers=headers)

    assert reply.status == 200, reply.body
    assert only(site)["message"] == said


@pytest.mark.parametrize(
    "unit", [b"content-disposition:", b"Content-Disposition:;name=;", b'a="', b"\n:"]
)
def test_headers_of_a_part_that_never_end_are_read_once(
    site: Site, unit: bytes
) -> None:
    # A megabyte of these took the whole server minutes, and no token was needed.
    body = b"--x\r\n" + unit * (1_000_000 // len(unit)) + b"\r\n\r\nv\r\n--x--"
    headers = [("Content-Type", "multipart/form-data; boundary=x")]

    reply = site.send(
        "POST", "/v1/rooms/message", body=body, token=None, headers=headers
    )

    assert reply.status == 401


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=", b"--x"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--',
        ),
        ("application/x-www-form-urlencoded", b"a=%ff"),
        ("application/json", b"{"),
        (None, b"\xff\xfe"),
    ],
)
def test_an_unreadable_body_is_400(
    site: Site, content_type: str | None, body: bytes
) -> None:
    headers = [] if content_type is None else [("Content-Type", content_type)]

    assert (
        site.send("POST", "/v1/rooms/message", body=body, headers=headers).status == 400
    )


@pytest.mark.parametrize("room", ["id", "Dev Ops", "dev ops"])
def test_a_room_is_named_by_id_or_name(site: Site, room: str) -> None:
    room_id = site.add_room("Dev Ops")
    reference = room_id if room == "id" else room

    assert form(site, "rooms/message", **message(room_id=reference)).status == 200
    assert only(site, room_id)["message"] == "Hello"


@pytest.mark.parametrize("notify", ["1", "true", "True", "0", "false", ""])
def test_booleans_in_words_are_accepted(site: Site, notify: str) -> None:
    site.add_room("Ops")

    assert form(site, "rooms/message", **message(notify=notify)).status == 200


def test_a_strict_server_accepts_booleans_as_digits_only(strict_site: Site) -> None:
    strict_site.add_room("Ops")

    for notify, status in (("0", 200), ("1", 200), ("true", 400), ("2", 400)):
        reply = form(strict_site, "rooms/message", **message(notify=notify))
        assert reply.status == status, notify


@pytest.mark.parametrize("name", ["x" * 16, ""])
def test_a_strict_server_rejects_a_name_in_hipchats_words(
    strict_site: Site, name: str
) -> None:
    strict_site.add_room("Ops")

    reply = form(strict_site, "rooms/message", **message(**{"from": name}))

    assert (reply.status, reply.json) == (
        400,
        {
            "error": {
                "code": 400,
                "type": "Bad Request",
                "message": "From name must be between 1 and 15 characters.",
            }
        },
    )


def test_a_name_may_be_as_long_as_v2_has_it(site: Site) -> None:
    site.add_room("Ops")

    for length, status in ((64, 200), (65, 400)):
        reply = form(site, "rooms/message", **message(**{"from": "x" * length}))
        assert reply.status == status


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"message": ""}, "message"),
        ({"message": "x" * 10_001}, "message"),
        ({"color": "pink"}, "color"),
        ({"room_id": ""}, "room_id"),
    ],
)
def test_errors_have_three_members(
    site: Site, fields: dict[str, str], text: str
) -> None:
    site.add_room("Ops")

    reply = form(site, "rooms/message", **message(**fields))

    assert reply.status == 400
    assert set(reply.error) == {"code", "type", "message"}
    assert text in reply.error["message"]


@pytest.mark.parametrize("token", ["x" * 30, None])
def test_a_missing_or_wrong_token_is_401(site: Site, token: str | None) -> None:
    site.add_room("Ops")

    reply = form(site, "rooms/message", token, **message())

    assert reply.status == 401
    assert reply.error["type"] == "Unauthorized"
    assert reply.error["message"].startswith("Auth token ")


def test_the_token_may_stand_in_the_header(site: Site) -> None:
    assert site.get("/v1/rooms/list").status == 200


def test_a_token_that_may_not_is_401_because_403_means_too_many_calls(
    site: Site,
) -> None:
    site.add_room("Ops")
    token = site.add_room_token("Ops")

    for path in ("rooms/list", "users/list", "rooms/history", "rooms/show"):
        reply = get(site, path, token, room_id="Ops", date="recent", user_id=1)
        assert (path, reply.status) == (path, 401)


def test_a_notification_tokens_error_has_the_words_that_programs_look_for(
    site: Site,
) -> None:
    site.add_room("Ops")

    reply = get(site, "rooms/list", site.add_room_token("Ops"), auth_test="true")

    assert reply.error["message"] == (
        "This auth token does not have access to this method."
        " Please see: https://www.hipchat.com/docs/api/auth"
    )


def test_too_many_calls_are_403(make_site: Callable[..., Site]) -> None:
    site = make_site(limits=LimitSettings(user_calls=3))

    replies = [get(site, "rooms/list") for _ in range(4)]

    assert [reply.status for reply in replies] == [200, 200, 200, 403]
    names = [name for name, _ in replies[-1].headers]
    assert names.count("X-RateLimit-Limit") == 1
    assert replies[-1].header("X-RateLimit-Remaining") == "0"


def test_a_31st_message_in_a_minute_is_403(make_site: Callable[..., Site]) -> None:
    site = make_site(limits=LimitSettings(user_calls=500))
    site.add_room("Ops")

    statuses = [form(site, "rooms/message", **message()).status for _ in range(31)]

    assert statuses == [200] * 30 + [403]


@pytest.mark.parametrize("place", ["query", "form", "both", "json", "parts"])
def test_a_room_token_posts_into_its_own_room_only(site: Site, place: str) -> None:
    own, other = site.add_room("Ops"), site.add_room("Secrets")
    token = site.add_room_token("Ops")

    def post(room: object, decoy: object) -> int:
        rest = {"from": "Bot", "message": "x"}
        query, headers = "", [FORM]
        body = urlencode({**rest, "room_id": room})
        if place == "query":
            query, body = "?" + urlencode({**rest, "room_id": room}), ""
        elif place == "both":
            query = f"?room_id={decoy}"
        elif place == "json":
            query = f"?room_id={decoy}"
            body = f'{{"room_id": "{room}", "from": "Bot", "message": "x"}}'
        elif place == "parts":
            query = f"?room_id={decoy}&from=Bot&message=x"
            body = f'--x\r\nContent-Disposition: form-data; name="room_id"\r\n\r\n{room}\r\n--x--'
            headers = [("Content-Type", "multipart/form-data; boundary=x")]
        return site.send(
            "POST",
            f"/v1/rooms/message{query}",
            body=body.encode(),
            headers=headers,
            token=token,
        ).status

    for mine, yours in ((own, other), ("Ops", "Secrets")):
        assert post(mine, yours) == 200
        assert post(yours, mine) == 401
        assert post("Nowhere", mine) == 401
    assert site.messages(other) == []


def test_a_token_of_a_room_gets_no_list_by_naming_its_room(site: Site) -> None:
    site.add_room("Ops")
    site.add_room("Secrets")
    token = site.client_token(["view_group", "view_room"], room="Ops")

    assert get(site, "rooms/list", token, room_id="Ops").status == 401
    assert get(site, "users/list", token, room_id="Ops").status == 401
    assert get(site, "rooms/show", token, room_id="Ops").status == 200
    assert get(site, "rooms/show", token, room_id="Secrets").status == 401


def test_xml_is_rejected_and_json_in_any_case_is_the_default(site: Site) -> None:
    assert get(site, "rooms/list", format="xml").status == 400
    assert get(site, "rooms/list", format="JSON").status == 200


def test_a_token_can_be_tested(site: Site) -> None:
    site.add_room("Ops")

    reply = form(site, "rooms/message", **message(auth_test="true"))
    refused = form(site, "rooms/message", "x" * 30, **message(auth_test="true"))

    assert (reply.status, reply.json["success"]["code"]) == (202, 202)
    assert refused.status == 401
    assert site.messages("Ops") == []


@pytest.mark.parametrize("path", ["//v1/rooms/list", "/v1//rooms/list/"])
def test_needless_slashes_are_passed_over(site: Site, path: str) -> None:
    assert site.get(path).status == 200


def test_head_has_everything_but_the_body(site: Site) -> None:
    full, head = site.get("/v1/rooms/list"), site.send("HEAD", "/v1/rooms/list")

    assert (head.status, head.body) == (200, b"")
    assert head.header("Content-Length") == str(len(full.body))


def test_unknown_paths_are_404_and_methods_405(site: Site) -> None:
    assert get(site, "rooms/missing").status == 404
    assert get(site, "rooms/topic").status == 405
    assert site.get("/v1").status == 404


def test_calls_are_recorded_without_their_token(site: Site) -> None:
    site.add_room("Ops")
    form(site, "rooms/message", **message(color="pink"))
    get(site, "rooms/list")

    listed, posted = site.calls()

    assert (posted.operation_id, posted.status) == ("rooms_message", 400)
    assert "auth_token=***" in posted.request_body
    assert "message=Hello" in posted.request_body
    assert listed.target == "/v1/rooms/list?auth_token=***"
    assert site.token not in repr((listed, posted))
