"""The steps of a call: what comes before what, and what is counted and recorded of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hipkit.server.http.requests import Message
from hipkit.server.shared.limits import LimitSettings
from hipkit.server.shared.recent_calls import CallFilter
from tests.unit.server.asgi import Site
from tests.unit.server.http.bodies.test_uploads import TYPE, body


def events_of(site: Site, kind: str, *incoming: str) -> list[str]:
    """Return the types of what the application sends after events of the HTTP server."""
    waiting = [{"type": name} for name in incoming]
    sent: list[str] = []

    async def receive() -> Message:
        return dict[str, object](waiting.pop(0))

    async def send(message: Message) -> None:
        sent.append(str(message["type"]))

    asyncio.run(site.server.api({"type": kind}, receive, send))
    return sent


def test_start_and_end_of_the_http_server_are_acknowledged(site: Site) -> None:
    assert events_of(site, "lifespan", "lifespan.startup", "lifespan.shutdown") == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_a_websocket_is_closed(site: Site) -> None:
    assert events_of(site, "websocket") == ["websocket.close"]


def test_a_path_of_no_version_says_where_the_api_is(site: Site) -> None:
    reply = site.get("/room")

    assert (reply.status, reply.error["message"]) == (
        404,
        "Not found: the API is below /v2, the old one below /v1",
    )


def test_a_call_is_counted_before_its_path_is_matched(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings(user_calls=1))

    assert site.get("/v2/nothing").status == 404
    assert site.get("/v2/nothing").status == 429


@pytest.mark.parametrize("path", ["/v2/nothing", "/v2/capabilities"])
def test_a_bad_token_matters_only_to_operations_that_need_one(
    site: Site, path: str
) -> None:
    with_bad, without = (site.get(path, token=token) for token in ("x" * 40, None))

    assert with_bad.status == without.status != 401


def test_a_token_is_checked_before_the_body_is_read(site: Site) -> None:
    site.add_room("Ops")

    reply = site.send("POST", "/v2/room/Ops/message", body=b"{", token="x" * 40)

    assert reply.status == 401


def test_an_auth_test_checks_the_scope_and_does_nothing(site: Site) -> None:
    site.add_room("Ops")
    reader = site.add_token(scopes=["view_room"], name="x")
    target = "/v2/room/Ops?auth_test=true"

    assert site.delete(target, token=reader).status == 403
    assert site.delete(target).status == 202
    assert site.get("/v2/room/Ops").status == 200


def test_the_file_of_a_call_is_closed_whatever_becomes_of_it(site: Site) -> None:
    site.add_room("Ops")
    site.add_room("Shut")
    target = "/v2/room/{}/share/file"
    sent = body(b"bytes")
    folder = site.server.runtime.blobs.path
    before = site.send("POST", target.format("Ops"), body=sent, headers=[TYPE])
    stored = {path.name for path in folder.rglob("*") if path.is_file()}

    refused = site.send("POST", target.format("None"), body=sent, headers=[TYPE])

    assert (before.status, refused.status) == (204, 404)
    assert {path.name for path in folder.rglob("*") if path.is_file()} == stored


def test_a_call_is_recorded_with_what_is_known_when_it_fails(site: Site) -> None:
    site.get("/v2/room?a=%ff")
    (unparsed,) = site.calls(None)
    site.get("/v2/room/Ops")
    matched = site.calls()[0]

    assert (unparsed.operation_id, unparsed.status) == ("unknown", 400)
    assert (matched.operation_id, matched.status) == ("get_room", 404)
    assert matched.problem is not None
    assert matched.token_id == 1


@pytest.mark.parametrize(
    ("limits", "kind", "exceeded"),
    [
        (LimitSettings(messages=1), "room", ("messages", 1)),
        (LimitSettings(client_calls=1), "room", ("client calls", 1)),
        (LimitSettings(user_calls=2), "user", ("user calls", 2)),
        (LimitSettings(user_calls=2), "stranger", ("strangers' calls", 2)),
        (LimitSettings(messages=1, enabled=False), "room", None),
    ],
)
def test_a_call_too_many_is_recorded_with_the_limit(
    make_site: Callable[..., Site],
    limits: LimitSettings,
    kind: str,
    exceeded: tuple[str, int] | None,
) -> None:
    site = make_site(limits=limits)
    site.add_user("Ann", mention_name="ann", password=None)
    site.add_room("Ops", owner="@ann")
    token = {
        "room": site.add_room_token("Ops"),
        "user": site.add_token(user="@ann"),
        "stranger": None,
    }[kind]

    for _ in range(3):
        site.post("/v2/room/Ops/notification", {"message": "x"}, token=token)

    last, _, first = site.server.runtime.recent_calls.find(
        CallFilter({None, 1, 2, 3}), count=3
    )
    assert last.exceeded == exceeded
    assert (last.status == 429) == (exceeded is not None)
    assert first.exceeded is None
