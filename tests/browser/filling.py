"""Fills a server with something for every page to show: long, foreign, failing and empty things."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
import time
from urllib.parse import quote

from hipkit.server.events.posted import PostedMessage
from hipkit.server.services.messages.signed_links import PURPOSE, MessageLinks
from tests.browser.conftest import Served

__all__ = ["addon_token", "data_url", "fill_everything"]

ADDON_SCOPES = ("admin_group", "admin_room", "view_group", "view_room")

LONG = "A name that is far too long to be shown in one line of a list of rooms"[:50]
CARD = {
    "style": "application",
    "id": "build",
    "title": "Build 8 is green again",
    "url": "https://ci.example/8",
    "description": {"value": "All <b>412</b> tests passed.", "format": "html"},
    "attributes": [
        {
            "label": "state",
            "value": {
                "label": "passed",
                "style": "lozenge-success",
                "url": "https://a.example",
            },
        },
        {"label": "branch", "value": {"label": "main"}},
    ],
}
TABLE = (
    "<table><tr><th>Host</th><th>State</th></tr>"
    '<tr><td>db1</td><td><span style="color: red">down</span></td></tr></table>'
    '<a href="https://a.example">a link</a> <code>code</code>'
)


def fill_everything(served: Served) -> dict[str, object]:
    """Fill the server, and return the places that addresses in `pages.py` name."""

    def post(path: str, body: object, *, method: str = "POST") -> dict[str, object]:
        status, _, answer = served.running.call(method, path, body)
        assert status < 300, answer
        made: dict[str, object] = json.loads(answer) if answer else {}
        return made

    topic = (
        "What the builds say: https://ci.example/ and more than fits into a line " * 2
    )
    room = post("/room", {"name": "Dev Ops", "topic": topic, "guest_access": True})[
        "id"
    ]
    archived = post("/room", {"name": "Old things"})["id"]
    post(
        f"/room/{archived}",
        {
            "name": "Old things",
            "privacy": "public",
            "is_archived": True,
            "is_guest_accessible": False,
            "topic": "",
            "owner": {"id": 1},
        },
        method="PUT",
    )
    for name in (LONG, "غرفة العمليات", "🚀 Releases 🎉", "日本語の部屋"):
        post("/room", {"name": name})
    post("/room", {"name": "Secret", "privacy": "private"})

    notifications = f"/room/{room}/notification"
    for color in ("yellow", "green", "red", "purple", "gray"):
        build = f"build in {color}, {TABLE}"
        post(notifications, {"message": build, "color": color, "from": "Build bot"})
    post(notifications, {"message": "fallback", "card": CARD})
    activity = {**CARD, "id": "folded", "activity": {"html": "<b>Ann</b> pushed"}}
    post(notifications, {"message": "fallback", "card": activity})
    messages = f"/room/{room}/message"
    said = post(messages, {"message": "@all is the build green?"})
    reply = {"message": "yes: https://ci.example/8", "parentMessageId": said["id"]}
    post(f"/room/{room}/reply", reply)
    for text in ("/code make test", "/quote said", "/me waves", "word " * 600):
        post(messages, {"message": text})

    # The webhook fails, since nothing listens there.
    hook = {"url": "http://127.0.0.1:1/", "event": "room_message", "name": "Relay"}
    webhook = post(f"/room/{room}/webhook", hook)["id"]
    post(messages, {"message": "for the webhook"})
    served.call("GET", "/room/nowhere")
    served.running.call("GET", "/room", token="unknown")

    token = served.admin("token", "add", "--room", "Dev Ops", "--name", "Build bot")
    secret = str(token["token"])
    assert served.running.call("GET", "/room", token=secret)[0] == 403
    client = served.admin(
        *("client", "add", "Dashboards", "--scope", "view_room"),
        *("--redirect-uri", "https://dash.example/back"),
    )
    person = served.admin("user", "add", "Jane Doe", "jane@example.com")["id"]
    for text in ("hello Jane", "word " * 600, "/code make test"):
        post(f"/user/{person}/message", {"message": text})
    link = served.admin(
        "user", "password-link", "jane@example.com", "--url", served.url
    )
    guest = json.loads(served.running.call("GET", f"/room/{room}")[2])
    installed = served.admin("addon", "install", data_url("installed"), "--yes")
    served.admin("addon", "install", data_url("of-room"), "--yes", "--room", "Dev Ops")
    return {
        "addon": installed["id"],
        "archived": archived,
        "client": client["id"],
        "descriptor": quote(data_url("another"), safe=""),
        "guest": guest["guest_access_url"],
        "linked": _link_to(served, str(said["id"])),
        "message": said["id"],
        "module": _add_modules(served),
        "person": person,
        "password_link": link["link"],
        "room": room,
        "route": _number_of_route(served, "ops"),
        "idle_route": _number_of_route(served, "nothing yet"),
        "token": token["id"],
        "webhook": webhook,
    }


def _number_of_route(served: Served, name: str) -> int:
    """Return the number by which the page has a route."""
    path = served.running.folder / "chat.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        sql = "SELECT id FROM routes WHERE name = ?"
        (number,) = database.execute(sql, (name,)).fetchone()
    return int(number)


def _link_to(served: Served, message_id: str) -> str:
    """Return the signed link to a message, as a relay beside the server would make it."""
    secret = "a secret of the server"
    path = served.running.folder / "chat.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        values = (PURPOSE, secret)
        database.execute("INSERT INTO server_keys VALUES (?, ?)", values)
    now_us = int(time.time() * 1_000_000)
    message = PostedMessage(
        id=message_id, sent_us=now_us, kind="message", body="", sender=""
    )
    return MessageLinks(served.url, secret).message(message)


def data_url(key: str) -> str:
    """Return the descriptor of an add-on that has everything, in an address."""
    url = "https://karma.example/page"
    scopes = ["admin_room", "send_notification", "view_messages", "view_room"]
    hook = {"url": f"{url}/hook", "event": "room_message", "authentication": "jwt"}
    descriptor = {
        "key": f"com.example.{key}",
        "name": f"Karma ({key}), {'n' * 170}",
        "description": "Counts what people thank each other for. " + "d" * 300,
        "vendor": {"name": "v" * 100, "url": "https://example.com/"},
        "links": {"self": url, "homepage": f"{url}/{'x' * 200}"},
        "capabilities": {
            "installable": {},
            "hipchatApiConsumer": {"scopes": scopes, "fromName": "غرفة"},
            "configurable": {"url": url},
            "webhook": [
                {**hook, "pattern": r"^/karma(\s|$)" + "x" * 120, "name": "w" * 100},
                {**hook, "event": "room_enter"},
            ],
            "webPanel": [
                {
                    "key": "panel",
                    "name": {"value": "m" * 100},
                    "url": url,
                    "location": "hipchat.sidebar.right",
                }
            ],
            "externalPage": [{"key": "report", "url": url}],
        },
    }
    encoded = base64.b64encode(json.dumps(descriptor).encode()).decode()
    return f"data:application/json;base64,{encoded}"


def addon_token(served: Served, name: str) -> str:
    """Add an OAuth client, as an add-on has one, and return a token of its."""
    scopes = [part for scope in ADDON_SCOPES for part in ("--scope", scope)]
    client = served.admin("client", "add", name, *scopes)
    pair = f"{client['id']}:{client['secret']}".encode()
    with contextlib.closing(served.running.connect()) as connection:
        connection.request(
            "POST",
            "/v2/oauth/token",
            "grant_type=client_credentials",
            {
                "Authorization": f"Basic {base64.b64encode(pair).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        token: str = json.loads(connection.getresponse().read())["access_token"]
    return token


def _add_modules(served: Served) -> int:
    """Add glances to every room, and return the id of the web panel that one opens."""
    token = addon_token(served, "Build bot")

    def put(kind: str, key: str, **members: object) -> int:
        path = f"/extension/{kind}/{key}"
        status, _, answer = served.running.call("PUT", path, members, token=token)
        assert status == 201, answer
        made: int = json.loads(answer)["id"]
        return made

    panel = put(
        "webPanel",
        "panel",
        name={"value": "All builds"},
        url="https://a.example/",
        location="hipchat.sidebar.right",
    )
    # Icons of this kind are not shown, so nothing is asked of another server.
    icon = {"url": "none", "url@2x": "none"}
    contents = []
    for kind in ("default", "success", "error", "current", "new", "moved"):
        name = {"value": f"Builds that are {kind}"}
        put("glance", kind, name=name, icon=icon, target="panel")
        label = {"type": "html", "value": f"<b>3</b> of <em>{LONG}</em>"}
        lozenge = {"type": "lozenge", "value": {"type": kind, "label": kind}}
        contents.append({"key": kind, "content": {"label": label, "status": lozenge}})
    put("glance", "name", name={"value": "Nothing but a name"}, icon=icon)
    status, _, answer = served.running.call(
        "POST", "/addon/ui", {"glance": contents}, token=token
    )
    assert status == 204, answer
    return panel
