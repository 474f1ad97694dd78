"""Add-ons on Atlassian's frameworks: installed, told of events, answering, and removed."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from tests.clients.addons import AddOn, running
from tests.clients.surroundings import Surroundings
from tests.clients.visitors import Visitor, sign_in
from tests.e2e.serving import admin, hipkit

IN_THE_ROOM = ("--room", "Dev Ops")
GREETER = ("ac-koa-hipchat", "/addon/capabilities")
EXPRESS = ("atlassian-connect-express-hipchat", "/atlassian-connect.json")
GLANCE = re.compile(r'data-glance="(\d+)"')
TOKEN = "POST /v2/oauth/token"


@dataclass(frozen=True, slots=True)
class Installed:
    """An add-on that runs and is installed in a room."""

    id: str
    addon: AddOn
    place: Surroundings

    def say(self, text: str) -> None:
        """Say something as the administrator, whom this makes enter the room first."""
        body = {"message": text}
        status, _, answer = self.place.server.call("POST", "/room/1/message", body)
        assert status == 201, answer

    def remove(self) -> None:
        removed = admin(self.place.folder, "addon", "remove", self.id)
        assert removed["problem"] is None
        left = [self.list(kind) for kind in ("addon", "webhook")]
        assert left == [[], []]

    def list(self, kind: str) -> object:
        command = ("admin", "--db", "chat.db", kind, "list", "--json")
        return json.loads(hipkit(self.place.folder, *command).stdout)

    def asked(self, path: str, token: str | None = None) -> int:
        """Post to the add-on as HipChat does, and return the status.

        It is signed with a token of anybody's, or not at all.
        """
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"JWT {token}"
        with contextlib.closing(self.addon.connect()) as connection:
            connection.request("POST", path, b"{}", headers)
            return connection.getresponse().status


def forged(issuer: str) -> str:
    """Return a token that names an issuer, with a signature of nobody's."""
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"iss": issuer, "iat": int(time.time())}
    parts = [json.dumps(part).encode() for part in (header, claims)]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b"AAAA"]).decode()


@contextlib.contextmanager
def installed(
    place: Surroundings, program: str, descriptor: str, *where: str
) -> Iterator[Installed]:
    """Run an add-on, and install it as an operator does beside the server."""
    with running(place, program) as addon:
        url = f"{addon.base_url}{descriptor}"
        made = admin(place.folder, "addon", "install", url, *where, "--yes")
        assert made["state"] == "installed"
        yield Installed(str(made["id"]), addon, place)


def answer_of_glance(installed: Installed, visitor: Visitor) -> dict[str, Any]:
    """Ask for the content of the add-on's glance as the page's script does."""
    (number,) = GLANCE.findall(visitor.get("/rooms/1/glances"))
    address = json.loads(visitor.get(f"/rooms/1/glances/{number}/address"))["url"]
    assert address.startswith(f"{installed.addon.base_url}/glance?signed_request=")
    with contextlib.closing(installed.addon.connect()) as connection:
        target = address.removeprefix(installed.addon.base_url)
        headers = {"Origin": installed.place.names["root"]}
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        body: dict[str, Any] = json.loads(answer.read())
        assert answer.getheader("Access-Control-Allow-Origin") == "*"
        return body


def notifications(place: Surroundings) -> list[tuple[str, str, str, str]]:
    shown = itemgetter("from", "message", "color", "message_format")
    return [shown(entry) for entry in place.said() if entry["type"] == "notification"]


def grants(place: Surroundings) -> list[tuple[str, bytes]]:
    """Return how tokens were asked for: the type of each body, and the body."""
    found = []
    for call in place.calls():
        if call.operation == TOKEN:
            headers = {name.lower(): value for name, value in call.headers}
            assert headers["authorization"].startswith("Basic ")
            found.append((headers["content-type"], call.body))
    return found


def test_a_greeter_on_ac_koa_hipchat_greets_until_it_is_removed(
    place: Surroundings,
) -> None:
    with installed(place, *GREETER, *IN_THE_ROOM) as greeter:
        addon = greeter.addon
        told = addon.next("install")
        assert (told["id"], told["group"], told["room"]) == (greeter.id, 1, 1)

        greeter.say("/greet World ")
        entered, greeted = addon.next("room_enter"), addon.next("room_message")
        assert entered["sender"]["name"] == "Administrator"
        assert greeted["content"] == "/greet World "
        for claims in (entered["signed"], greeted["signed"]):
            assert (claims["scheme"], claims["iss"]) == ("JWT", greeter.id)
            assert (claims["sub"], claims["context"]["room_id"]) == ("1", 1)
        assert entered["signed"]["jti"] != greeted["signed"]["jti"]
        # It is told of its own notifications too.
        while addon.next("room_notification")["content"] != "Hi, <b>World</b>!":
            pass

        greeter.say("/dynamic")
        assert addon.next("dynamic")["content"] == "/dynamic"
        topic = {"topic": "greetings"}
        assert place.server.call("PUT", "/room/1/topic", topic)[0] == 204
        changed = addon.next("room_topic_change")
        assert (changed["sender"], changed["topic"]) == ("Administrator", "greetings")
        assert "signature" not in changed

        greeter.remove()
        assert addon.next("uninstall")["id"] == greeter.id

    assert notifications(place) == [
        ("Addon", "Hello.", "yellow", "text"),
        ("Addon", "Hi, <b>World</b>!", "green", "html"),
        ("Addon", "Hi, Administrator!", "yellow", "html"),
    ]
    assert grants(place) == [
        (
            "application/json",
            b'{"grant_type":"client_credentials","scope":"%s"}' % scope,
        )
        for scope in (b"send_notification", b"admin_room")
    ]
    assert place.refusals() == []


def test_ac_koa_hipchat_checks_the_signatures_of_webhooks_and_glances(
    place: Surroundings,
) -> None:
    unrecorded = replace(place, recordings=None)
    with installed(unrecorded, *GREETER, *IN_THE_ROOM) as greeter:
        greeter.addon.next("install")
        assert greeter.asked("/signed") == 401
        assert greeter.asked(f"/signed?signed_request={forged(greeter.id)}") == 401

        greeter.say("/signed")
        told = greeter.addon.next("signed")
        assert (told["id"], told["user"], told["room"]) == (greeter.id, "1", 1)
        greeter.addon.next("room_enter")

        content = answer_of_glance(greeter, sign_in(place, "Ann", "ann@example.com"))
        assert content["label"]["value"] == "<b>1</b> greeted"
        context = {"room_id": 1, "user_tz": "UTC"}
        assert content["metadata"] == {"id": greeter.id, "user": "4", **context}

        updated = admin(place.folder, "addon", "update", greeter.id, "--yes")
        told = greeter.addon.next("install")
        assert updated["id"] == told["id"] != greeter.id
        greeter.say("/signed")
        assert greeter.addon.next("signed")["id"] == updated["id"]
    assert ("Addon", "The signature is right.", "yellow", "html") in notifications(
        place
    )


def test_an_add_on_on_atlassian_connect_express_hipchat_answers_until_it_is_removed(
    place: Surroundings,
) -> None:
    with installed(place, *EXPRESS) as express:
        addon = express.addon
        # In the whole group; the group's name is from the answer with the token.
        group = {"group": 1, "name": "HipChat"}
        assert addon.next("install") == {"event": "install", "id": express.id, **group}
        # It never answers where only the signature is wrong: its promise fails unnoticed.
        assert express.asked("/posted") == 400
        assert express.asked("/posted", forged("nobody")) == 400

        here = {"groupId": 1, "roomId": 1, "userId": 1}
        express.say("/posted")
        assert addon.next("posted") == {
            "event": "posted",
            **here,
            "checked": True,
            "status": 204,
        }
        express.say("/answered")
        assert addon.next("answered") == {"event": "answered", **here, "checked": True}
        express.say("/unsigned")
        assert addon.next("unsigned") == {"event": "unsigned", **here, "checked": False}
        topic = {"topic": "answers"}
        assert place.server.call("PUT", "/room/1/topic", topic)[0] == 204
        assert addon.next("topic") == {"event": "topic", **here, "checked": True}

        visitor = sign_in(place, "Ann", "ann@example.com")
        content = answer_of_glance(express, visitor)
        assert content["label"]["value"] == "<b>1</b> answer"
        assert content["metadata"] == {**here, "userId": 4, "checked": True}

        express.remove()
        assert addon.next("uninstall")["id"] == express.id

    assert notifications(place) == [
        ("Addon", "by a call", "yellow", "text"),
        ("Addon", "by the answer", "green", "text"),
    ]
    form = "application/x-www-form-urlencoded"
    assert grants(place) == [
        (form, b"grant_type=client_credentials&scope=send_notification%20view_room"),
        (form, b"grant_type=client_credentials&scope=send_notification"),
    ]
    assert place.refusals() == []


def test_an_add_on_is_installed_by_the_page_s_form(place: Surroundings) -> None:
    unrecorded = replace(place, recordings=None)
    program, descriptor = EXPRESS
    with running(unrecorded, program) as addon:
        root = sign_in(place, "Rita", "rita@example.com", "--admin")
        query = urlencode({"url": f"{addon.base_url}{descriptor}"})
        page = root.get(f"/addons/install?{query}")
        assert "send_notification" in page

        address = root.send(page, "/addons/install").partition("?")[0]

        client_id = address.removeprefix("/addons/")
        assert addon.next("install")["id"] == client_id
        express = Installed(client_id, addon, place)
        express.say("/answered")
        assert addon.next("answered")["checked"]
        express.remove()
