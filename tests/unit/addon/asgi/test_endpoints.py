from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.addon import (
    AddOn,
    Failure,
    Html,
    Installation,
    Message,
    RoomEnter,
    RoomNotification,
    ViewRequest,
    ViewResponse,
)
from hipkit.api.model import RuleError
from hipkit.descriptors import read_descriptor
from hipkit.testing import HipChatServer
from tests.addons import BASE, SENDER, installed


@pytest.fixture
def server() -> Iterator[HipChatServer]:
    with HipChatServer() as server:
        yield server


def karma() -> AddOn:
    addon = AddOn(key="com.example.karma", name="Karma", scopes=["send_notification"])

    @addon.on_message(r"^/karma (?P<name>@\w+)")
    async def karma(message: Message, name: str) -> str:
        return f"{name} has one more"

    @addon.on_enter
    def entered(event: RoomEnter, client: HipChat) -> None:
        client.rooms.send_room_notification(
            event.room.id, message=f"hello {event.sender.name}", message_format="text"
        )

    return addon


async def test_an_event_is_answered_and_then_handled(server: HipChatServer) -> None:
    async with installed(karma(), server) as addon:
        response = await addon.say("karma", "/karma @bob")
        assert (response.status, response.body) == (204, b"")
        assert addon.replies() == ["@bob has one more"]


async def test_a_blocking_client_works_in_a_handler(server: HipChatServer) -> None:
    async with installed(karma(), server) as addon:
        body = addon.event("room_enter", sender=SENDER)
        assert (await addon.post("entered", body)).status == 204
        await addon.app.drain()
        assert addon.replies() == ["hello Jane Doe"]


async def test_the_answer_does_not_wait_for_the_handler(server: HipChatServer) -> None:
    addon, release = AddOn(key="a", name="A"), asyncio.Event()
    handled: list[str] = []

    @addon.on_message
    async def slow(message: Message) -> None:
        await release.wait()
        handled.append(message.text)

    async with installed(addon, server) as made:
        for text in ("1", "2", "3"):
            assert (await made.post("slow", made.message(text))).status == 204
        assert handled == []
        release.set()
        await made.app.drain()
        # One after another, as they came.
        assert handled == ["1", "2", "3"]


async def test_a_repeat_is_dropped(server: HipChatServer) -> None:
    async with installed(karma(), server) as addon:
        for delivery in ("1", "1", "2", ""):
            response = await addon.say(
                "karma", "/karma @bob", X_Hipkit_Delivery=delivery
            )
            assert response.status == 204
        # The last one has the message's id only.
        assert len(addon.replies()) == 3
        await addon.say("karma", "/karma @bob")
        await addon.say("karma", "/karma @bob", X_Hipkit_Delivery="x" * 5_000)
        await addon.say("karma", "/karma @bob", X_Hipkit_Delivery="x" * 5_000)
        assert len(addon.replies()) == 4


async def test_a_replay_under_another_delivery_is_refused_with_a_memory(
    server: HipChatServer,
) -> None:
    async with installed(karma(), server, replay_memory=True) as addon:
        body = json.dumps(addon.message("/karma @bob")).encode()
        signed = {"Authorization": f"JWT {addon.token()}"}
        statuses = [
            await addon.request(
                "POST", "/webhook/karma", body, signed | {"X-Hipkit-Delivery": delivery}
            )
            for delivery in ("1", "2")
        ]
        assert [each.status for each in statuses] == [204, 401]
        await addon.app.drain()
        assert len(addon.replies()) == 1


async def test_events_without_an_id_are_never_repeats(server: HipChatServer) -> None:
    async with installed(karma(), server) as addon:
        for _ in range(2):
            await addon.post("entered", addon.event("room_enter", sender=SENDER))
        await addon.app.drain()
        assert len(addon.replies()) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "JWT"},
        {"Authorization": "Basic YTpi"},
    ],
)
async def test_what_is_declared_signed_is_refused_unsigned(
    server: HipChatServer, headers: dict[str, str]
) -> None:
    async with installed(karma(), server) as addon:
        body = json.dumps(addon.message("/karma @bob")).encode()
        response = await addon.request("POST", "/webhook/karma", body, headers)
        assert response.status == 401
        assert response.headers["www-authenticate"] == "JWT"
        broken = {"Authorization": "JWT x.y.z"}
        response = await addon.request("POST", "/webhook/karma", body, broken)
        assert response.status == 400
        await addon.app.drain()
        assert addon.replies() == []


async def test_every_place_of_the_signature_is_read(server: HipChatServer) -> None:
    async with installed(karma(), server) as addon:
        token = addon.token()
        for place in (f"JWT {token}", f"JWT token={token}", f"Bearer {token}"):
            body = json.dumps(addon.message(f"/karma @{len(place)}")).encode()
            headers = {"Authorization": place}
            response = await addon.request("POST", "/webhook/karma", body, headers)
            assert response.status == 204
        body = json.dumps(addon.message("/karma @query")).encode()
        path = f"/webhook/karma?signed_request={token}"
        assert (await addon.request("POST", path, body)).status == 204
        await addon.app.drain()
        assert len(addon.replies()) == 4


async def test_an_event_that_contradicts_its_signature_is_refused(
    server: HipChatServer,
) -> None:
    async with installed(karma(), server) as addon:
        for changed in (
            addon.message("/karma @bob") | {"oauth_client_id": "another"},
            addon.message("/karma @bob", **{"from": SENDER | {"id": 42}}),
            addon.message("/karma @bob") | {"event": "room_enter"},
            addon.message("/karma @bob") | {"item": {}},
            addon.message("/karma @bob") | {"event": 3},
        ):
            assert (await addon.post("karma", changed)).status == 400
        await addon.app.drain()
        assert addon.replies() == []


async def test_a_views_own_token_cannot_sign_an_event(server: HipChatServer) -> None:
    addon = karma()

    @addon.web_panel("panel", name="Panel")
    async def panel(request: ViewRequest) -> Html:
        return Html(request.token)

    async with installed(addon, server) as made:
        path = f"/panel/panel?signed_request={made.token()}"
        token = (await made.request("GET", path)).body.decode()
        body = json.dumps(made.message("/karma @bob")).encode()
        response = await made.request(
            "POST", "/webhook/karma", body, {"Authorization": f"JWT {token}"}
        )
        assert response.status == 401


async def test_the_descriptor_is_served(server: HipChatServer) -> None:
    addon = karma()
    async with installed(addon, server) as made:
        response = await made.request("GET", "/capabilities")
        assert response.headers["content-type"] == "application/json"
        assert read_descriptor(response.body) == addon.descriptor(BASE)
        assert made.app.descriptor_url == f"{BASE}/capabilities"


async def test_the_icon_is_served_with_an_escaped_letter(server: HipChatServer) -> None:
    async with installed(AddOn(key="a", name="<b>"), server) as addon:
        response = await addon.request("GET", "/icon.svg")
        assert response.headers["content-type"] == "image/svg+xml"
        assert b">&lt;</text>" in response.body


def with_changes() -> tuple[AddOn, list[tuple[str, str]]]:
    addon, seen = AddOn(key="a", name="A"), list[tuple[str, str]]()

    @addon.on_install
    async def greet(installation: Installation, client: AsyncHipChat) -> None:
        seen.append(("installed", installation.oauth_id))

    @addon.on_update
    def renew(installation: Installation) -> None:
        seen.append(("updated", installation.oauth_id))

    @addon.on_remove
    def forget(installation: Installation) -> None:
        seen.append(("removed", installation.oauth_id))

    return addon, seen


async def test_installations_come_change_and_go(server: HipChatServer) -> None:
    addon, seen = with_changes()
    async with installed(addon, server) as made:
        client = made.client
        assert (await made.install()).status == 200
        update = json.loads(made.install_body())
        del update["oauthSecret"]
        body = json.dumps(update).encode()
        assert (await made.request("POST", "/installable/update", body)).status == 200
        await made.app.drain()
        assert seen == [("installed", client.id), ("updated", client.id)]
        found = await made.app.installations()
        assert [each.oauth_id for each in found] == [client.id]
        # Its credentials still work.
        path = f"/installable/{client.id}"
        assert (await made.request("DELETE", path)).status == 403
        assert (await made.request("DELETE", "/installable/unknown")).status == 204


async def test_a_refused_installation_says_why(server: HipChatServer) -> None:
    async with installed(karma(), server) as addon:
        body = json.loads(addon.install_body()) | {"oauthSecret": "wrong"}
        response = await addon.request(
            "POST", "/installable", json.dumps(body).encode()
        )
        assert 400 <= response.status < 500
        assert response.body.decode().strip().endswith(".")
        assert addon.client.secret.encode() not in response.body
        assert (await addon.request("POST", "/installable", b"{")).status == 400
        assert (
            await addon.request("POST", "/installable", b" " * 70_000)
        ).status == 413


@pytest.mark.parametrize("path", ["/installed", "/updated", "/uninstalled"])
async def test_a_browser_without_addresses_sees_a_page(
    server: HipChatServer, path: str
) -> None:
    async with installed(karma(), server) as addon:
        response = await addon.request("GET", path)
        assert response.status == 400
        assert response.headers["content-type"].startswith("text/html")
        query = urlencode(
            {
                "installable_url": "https://evil.example/x",
                "redirect_url": "javascript:1",
            }
        )
        response = await addon.request("GET", f"{path}?{query}")
        assert 400 <= response.status < 500
        assert b"javascript" not in response.body
        assert "location" not in response.headers


def with_views() -> tuple[AddOn, list[ViewRequest]]:
    addon, seen = AddOn(key="a", name="A"), list[ViewRequest]()

    @addon.web_panel("panel", name="Panel")
    async def panel(request: ViewRequest) -> Html:
        seen.append(request)
        return Html.format("<p>{user}", user=request.user_id)

    @addon.configuration
    def configure(request: ViewRequest) -> ViewResponse:
        seen.append(request)
        return ViewResponse.json({"x": 1}, status=201)

    @addon.glance("glance", name="Glance")
    async def glance(request: ViewRequest) -> str:
        return "3 < 4"

    @addon.dialog("broken", title="Broken")
    async def broken(request: ViewRequest) -> Html:
        raise KeyError("private")

    @addon.glance("broken.glance", name="Broken")
    async def broken_glance(request: ViewRequest) -> str:
        return ""

    return addon, seen


async def test_a_view_is_shown_with_a_renewed_token(server: HipChatServer) -> None:
    addon, seen = with_views()
    async with installed(addon, server) as made:
        query = f"signed_request={made.token()}&theme=dark&xdm_e=x&page=2"
        response = await made.request("GET", f"/panel/panel?{query}")
        assert (response.status, response.body) == (200, b"<p>41")
        (view,) = seen
        assert (view.user_id, view.room_id, view.timezone, view.theme) == (
            41,
            made.room_id,
            "Europe/Berlin",
            "dark",
        )
        assert view.query == {"page": "2"}
        assert view.token not in (made.token(), "")
        assert view.token not in repr(view)
        assert response.headers["jwt"] == view.token
        assert response.headers["x-acpt"] == view.token
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-store"
        assert "x-frame-options" not in response.headers
        again = await made.request(
            "POST", "/panel/panel", b'{"a":1}', {"Authorization": f"JWT {view.token}"}
        )
        assert again.status == 200
        assert seen[1].json() == {"a": 1}


async def test_a_form_carries_the_signature_too(server: HipChatServer) -> None:
    addon, seen = with_views()
    async with installed(addon, server) as made:
        body = urlencode({"signed_request": made.token(), "color": "rot/grün", "e": ""})
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        response = await made.request("POST", "/configuration", body.encode(), headers)
        assert (response.status, response.body) == (201, b'{"x":1}')
        assert seen[0].form == {"color": "rot/grün", "e": ""}
        assert seen[0].method == "POST"
        for broken in (b"a=%ff", b"a=" + b"&a" * 2_000):
            response = await made.request("POST", "/configuration", broken, headers)
            assert response.status in (400, 401)


async def test_a_view_is_refused_unsigned(server: HipChatServer) -> None:
    addon, seen = with_views()
    async with installed(addon, server) as made:
        for path in ("/panel/panel", "/configuration", "/glance/glance"):
            response = await made.request("GET", path)
            assert response.status == 401
            assert response.headers["www-authenticate"] == "JWT"
            expired = made.token(exp=1_000_000_000, iat=999_990_000)
            assert (
                await made.request("GET", f"{path}?signed_request={expired}")
            ).status == 401
        assert not seen


async def test_a_glance_is_fetched_from_another_origin(server: HipChatServer) -> None:
    addon, _ = with_views()
    async with installed(addon, server) as made:
        path = f"/glance/glance?signed_request={quote(made.token())}"
        response = await made.request("GET", path)
        assert json.loads(response.body) == {
            "label": {"type": "html", "value": "3 &lt; 4"}
        }
        assert response.headers["access-control-allow-origin"] == "*"
        before = await made.request("OPTIONS", "/glance/glance")
        assert before.status == 204
        assert before.headers["access-control-allow-methods"] == "GET, OPTIONS"
        refused = await made.request("GET", "/glance/glance")
        assert refused.headers["access-control-allow-origin"] == "*"


async def test_a_failure_is_reported_in_one_place_and_not_to_the_caller(
    server: HipChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    addon, _ = with_views()
    failures: list[Failure] = []

    @addon.on_error
    def remember(failure: Failure) -> None:
        failures.append(failure)

    async with installed(addon, server) as made:
        for path in ("/dialog/broken", "/glance/broken.glance"):
            response = await made.request(
                "GET", f"{path}?signed_request={made.token()}"
            )
            assert response.status == 500
            assert b"private" not in response.body
            assert b"KeyError" not in response.body
        assert [each.handler for each in failures] == ["broken", "broken.glance"]
        assert [type(each.error) for each in failures] == [KeyError, RuleError]
        assert failures[0].installation is not None
        assert "the handler broken failed" in caplog.text
        assert made.client.secret not in caplog.text


async def test_own_notifications_are_not_handled(server: HipChatServer) -> None:
    addon = AddOn(key="a", name="Karma", scopes=["send_notification"])

    @addon.on_notification
    async def echo(event: RoomNotification) -> str:
        return f"echo of {event.text}"

    async with installed(addon, server) as made:
        for number, sender in enumerate(["Karma", "Other", None]):
            body = made.message(str(number), **{"from": sender, "type": "notification"})
            body["event"] = "room_notification"
            assert (await made.post("echo", body)).status == 204
        await made.app.drain()
        assert made.replies() == ["echo of 1", "echo of 2"]


async def test_nothing_is_anywhere_else(server: HipChatServer) -> None:
    async with installed(karma(), server) as addon:
        for path in (
            "/",
            "/webhook/unknown",
            "/webhook",
            "/panel/x",
            "/a/b/c",
            "/glance/x",
        ):
            assert (await addon.request("GET", path)).status == 404
        response = await addon.request("GET", "/webhook/karma")
        assert (response.status, response.headers["allow"]) == (405, "POST")
        response = await addon.request("PUT", "/capabilities")
        assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
        head = await addon.request("HEAD", "/capabilities")
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers["content-length"]) > 100
