"""Names that turn the direction of text, or hide letters: no page shows those marks.

`Allow a<mark>b to act for you` must not read as something else. Forms and quoted calls keep a
name as it is.
"""

from __future__ import annotations

import asyncio
import re

import pytest

from hipkit.server.services.people.accounts import set_admin
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor

ODD = "ab\u202ec\u200bd"
MARKS = re.compile("[\u200b\u202e]")
AS_STORED = re.compile(
    r' value="[^"]*"|<textarea.*?</textarea>|<pre.*?</pre>', re.DOTALL
)
HOOK = {"url": "http://93.184.216.34/", "event": "room_message", "name": ODD}
BACK = "https://app.test/"


@pytest.fixture
def admin(site: Site) -> Visitor:
    """The administrator of a group in which everything has an odd name."""
    site.add_user(ODD, mention_name="odd", title=ODD)
    site.add_user("gus", mention_name="gus", is_guest=True)
    room = site.add_room(ODD, owner="@odd", topic=ODD)
    site.post(f"/v2/room/{room}/webhook", HOOK, token=site.add_token(user="@odd"))
    site.add_token(user="@odd", name=ODD)
    token = site.add_room_token(room, name=ODD)
    message = {"message": "x", "from": ODD}
    site.post(f"/v2/room/{room}/notification", message, token=token)
    site.post("/v2/user/@odd/message", {"message": "x"})
    site.put(f"/v2/room/{room}/member/@odd", {"room_roles": ["room_admin"]})
    site.add_client(["view_room"], name=ODD, room=room, redirect_uris=[BACK])
    asyncio.run(set_admin(site.operator_context(), "@odd", is_admin=True))
    visitor = Visitor(site)
    visitor.take_session("odd")
    return visitor


PATHS = (
    *("/", "/rooms/1", "/rooms/1/head", "/rooms/1/people", "/rooms/1/settings"),
    *("/rooms/1/topic", "/chats", "/chats/1", "/people", "/people/2", "/account"),
    *("/tokens", "/tokens/group", "/calls", "/calls/tokens", "/webhooks"),
    *("/webhooks/1", "/webhooks/1/settings", "/webhooks/new", "/clients"),
    *("/addons", "/addons/install"),
    *("/search?q=x", "/search?q=x&room=1", "/search?q=x&chat=2", "/sidebar"),
)


@pytest.mark.parametrize("path", PATHS)
def test_no_page_shows_marks_in_names(admin: Visitor, path: str) -> None:
    answer = admin.get(path)
    if answer.status == 303:
        answer = admin.get(answer.location or "")

    assert answer.status == 200
    check(answer.text)


def test_the_consent_page_shows_no_marks_in_names(site: Site, admin: Visitor) -> None:
    client = site.add_client(["view_room"], name=ODD, room="1", redirect_uris=[BACK])
    question = f"response_type=code&client_id={client.id}&redirect_uri={BACK}"
    answer = admin.get(f"/users/authorize?{question}")

    assert answer.status == 200
    check(answer.text)
    admin.fill(f"/users/authorize?{question}", "/users/authorize", answer="allow")
    check(admin.get("/tokens").text)


def check(text: str) -> None:
    """Check that no mark is shown."""
    shown = AS_STORED.sub("", text)
    found = [
        shown[max(0, one.start() - 80) : one.end() + 20]
        for one in MARKS.finditer(shown)
    ]
    assert found == []
