"""Rooms: who sees them, and what their pages show."""

from __future__ import annotations

import asyncio
import re
import shlex
from html import unescape
from pathlib import Path

import pytest

from hipkit.cli.commands import run
from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from tests.unit.server.asgi import Site
from tests.unit.server.page.test_history import fill
from tests.unit.server.page.visitor import Visitor


def test_the_start_page_redirects_to_the_room_with_the_latest_message(
    site: Site, ann: Visitor
) -> None:
    assert "No rooms yet" in ann.get("/").text
    quiet, busy = site.add_room("Quiet"), site.add_room("Busy")
    fill(site, "Busy", 1)

    assert ann.get("/").location == f"/rooms/{busy}"
    assert f'href="/rooms/{quiet}"' in ann.get(f"/rooms/{busy}").text


def test_the_commands_for_a_first_room_work(ann: Visitor, tmp_path: Path) -> None:
    shown = re.search(r"<pre><code>(.*?)</code></pre>", ann.get("/").text, re.DOTALL)
    assert shown is not None
    database = tmp_path / "chat.db"
    asyncio.run(open_server(Settings(database=database))).close()

    for line in unescape(shown[1]).splitlines():
        _, *words = shlex.split(line)
        assert run([*words, "--db", str(database)]) == 0


@pytest.mark.parametrize("part", ["", "/history?before=5", "/head", "/people"])
def test_a_private_room_is_shown_to_its_members_only(
    site: Site, ann: Visitor, root: Visitor, part: str
) -> None:
    room = site.add_room("Plans", is_private=True)
    fill(site, "Plans", 1)

    answer = ann.get(f"/rooms/{room}{part}")

    assert answer.status == 403
    assert "message 0" not in answer.text
    assert "Plans" not in ann.get("/search").text
    assert "Plans" in root.get("/search").text


@pytest.mark.parametrize("part", ["", "/history", "/head", "/people"])
def test_rooms_require_a_session(site: Site, visitor: Visitor, part: str) -> None:
    room = site.add_room("Ops")

    assert (visitor.get(f"/rooms/{room}{part}").location or "").startswith("/sign-in")


def test_a_message_from_the_page_is_sent_by_the_user(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")

    answer = ann.fill(
        f"/rooms/{room}", f"/rooms/{room}/messages", message=" Hi\r\nall "
    )

    assert answer.location == f"/rooms/{room}"
    (said,) = site.messages("Ops")
    assert (said["message"], said["from"]["mention_name"]) == ("Hi\nall", "ann")


def test_a_form_of_another_site_sends_no_message(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")

    answer = ann.send(
        f"/rooms/{room}/messages", {"message": "Hi"}, origin="http://evil.test"
    )

    assert answer.status == 403
    assert site.messages("Ops") == []


def test_names_and_topics_are_never_read_as_html(site: Site, ann: Visitor) -> None:
    script = "<script>x()</script>"
    room = site.add_room(script, topic=script)

    page = ann.get(f"/rooms/{room}").text

    assert script not in page
    assert page.count("&lt;script&gt;x()&lt;/script&gt;") >= 3


def test_an_archived_room_is_listed_apart_and_has_no_composer(
    site: Site, ann: Visitor
) -> None:
    room = site.add_room("Old")
    site.add_room("New")
    whole = site.get(f"/v2/room/{room}").json
    change = {name: whole[name] for name in ("name", "topic", "privacy", "owner")}
    change |= {"is_archived": True, "is_guest_accessible": False}
    assert site.put(f"/v2/room/{room}", change).status == 204

    page = ann.get(f"/rooms/{room}").text

    listed = page.partition('<details class="archived"')
    assert "New" in listed[0]
    assert "Private chats" in listed[2]
    assert "No messages." in page
    assert (
        f'<option value="{room}">'
        not in ann.get("/tokens").text.partition('aria-labelledby="notification"')[0]
    )
    assert ">Old<" in listed[2]
    assert "<textarea" not in page
