"""Every page that the routes have, and at which addresses the tests of all pages look at it.

`tests/unit/server/page/test_application.py` compares both tables with the routes: a new view
that shows a page needs an address here, and what it shows in the room that `filling.py` makes.
"""

from __future__ import annotations

from urllib.parse import urlencode

__all__ = ["PAGES", "PARTS", "SIGNED_OUT"]

CONSENT = urlencode(
    {
        "response_type": "code",
        "redirect_uri": "https://dash.example/back",
        "scope": "view_room",
        "state": "x",
    }
)

PAGES = {
    "/": ("/",),
    "/account": ("/account",),
    "/addons": ("/addons",),
    "/addons/install": (
        "/addons/install",
        "/addons/install?url={descriptor}",
        "/addons/install?key=com.example.unknown",
    ),
    "/addons/{client_id}": ("/addons/{addon}",),
    "/addons/{client_id}/update": ("/addons/{addon}/update",),
    "/calls": (
        "/calls",
        "/calls?failed=1",
        "/calls?token={token}",
        "/calls?token=none",
        "/calls?client={addon}",
        "/calls?peer=nowhere",
    ),
    "/calls/tokens": ("/calls/tokens",),
    "/chats": ("/chats", "/chats?q=nobody"),
    "/chats/{user_id}": ("/chats/{person}", "/search?chat={person}&q=hello"),
    "/clients": ("/clients",),
    "/guest/{key}": ("{guest}",),
    "/m/{id}/{seal}": ("{linked}",),
    "/modules/{module_id}": ("/modules/{module}?room={room}",),
    "/people": ("/people",),
    "/people/new": ("/people/new",),
    "/people/{user_id}": ("/people/{person}",),
    "/relay": ("/relay",),
    "/relay/{route_id}": ("/relay/{route}", "/relay/{idle_route}"),
    "/rooms/new": ("/rooms/new",),
    "/rooms/{room_id}": (
        "/rooms/{room}",
        "/rooms/{archived}",
        "/rooms/{room}?at={message}",
    ),
    "/rooms/{room_id}/settings": ("/rooms/{room}/settings",),
    "/rooms/{room_id}/topic": ("/rooms/{room}/topic",),
    "/search": ("/search", "/search?q=build", "/search?q=nothing&room={room}"),
    "/set-password": ("{password_link}", "/set-password?key=wrong"),
    "/sign-in": ("/sign-in",),
    "/tokens": ("/tokens",),
    "/tokens/group": ("/tokens/group",),
    "/users/authorize": (f"/users/authorize?client_id={{client}}&{CONSENT}",),
    "/webhooks": ("/webhooks",),
    "/webhooks/new": ("/webhooks/new?room={room}",),
    "/webhooks/{webhook_id}": ("/webhooks/{webhook}",),
    "/webhooks/{webhook_id}/settings": ("/webhooks/{webhook}/settings",),
    "/...": ("/no/such/page",),
}
"""Route -> addresses to look at; a word in braces is a key of `Filled.places`."""

SIGNED_OUT = ("/guest/{key}", "/m/{id}/{seal}", "/set-password", "/sign-in")
"""Routes that are looked at by nobody who is signed in."""

PARTS = {
    "/addons/{client_id}/configuration": "a redirect",
    "/calls/without-token": "a redirect",
    "/calls/{token_id}": "a redirect",
    "/chats/{user_id}/history": "more messages of a page",
    "/guest/{key}/feed": "a stream",
    "/guest/{key}/history": "more messages of a page",
    "/feed": "a stream",
    "/m/{id}/{seal}/file": "a file",
    "/rooms/{room_id}/glances": "a part of a page that has changed",
    "/rooms/{room_id}/glances/{glance_id}/address": "what a script asks for",
    "/rooms/{room_id}/head": "a part of a page that has changed",
    "/rooms/{room_id}/topic/shown": "a part of a page that has changed",
    "/rooms/{room_id}/history": "more messages of a page",
    "/rooms/{room_id}/people": "a part of a page that has changed",
    "/sidebar": "a part of every page that has changed",
}
"""Route that shows no page of its own -> what it answers."""
