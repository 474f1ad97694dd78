"""The pages of rooms: who sees them, what is on them, and how one walks through a history."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from hipkit.cli.commands import run
from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor


def texts(html: str) -> list[str]:
    return re.findall(r">(message \d+)<", html)


def fill(site: Site, room: str, count: int) -> None:
    for number in range(count):
        body = {"message": f"message {number}", "message_format": "text"}
        assert site.post(f"/v2/room/{room}/notification", body).status == 204


def reach(html: str, edge: str) -> str:
    """Return what the edge loads; the templates for new edges come last and lead nowhere."""
    found = re.search(rf'class="edge {edge}">.*?hx-get="([^"]*=[1-9]\d*)"', html)
    assert found is not None
    return found[1]


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


def test_a_room_shows_its_newest_messages_oldest_first(
    site: Site, ann: Visitor
) -> None:
    room = site.add_room("Ops")
    fill(site, "Ops", 60)

    shown = texts(ann.get(f"/rooms/{room}").text)

    assert shown == [f"message {number}" for number in range(10, 60)]


def test_walking_back_visits_every_message_once(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    fill(site, "Ops", 130)

    page = ann.get(f"/rooms/{room}").text
    seen = texts(page)
    while 'class="edge older"' in page.partition("<template")[0]:
        page = ann.get(reach(page, "older")).text
        seen = texts(page) + seen

    assert seen == [f"message {number}" for number in range(130)]


def test_walking_on_from_a_message_visits_every_later_one_once(
    site: Site, ann: Visitor
) -> None:
    room = site.add_room("Ops")
    fill(site, "Ops", 130)
    wanted = site.messages("Ops")[0]["id"]

    page = ann.get(f"/rooms/{room}?at={wanted}").text
    seen = texts(page)
    assert f'data-at="m-{wanted}"' in page
    while 'class="edge newer"' in page.partition("<template")[0]:
        page = ann.get(reach(page, "newer")).text
        seen += texts(page)

    first = int(seen[0].split()[1])
    assert seen == [f"message {number}" for number in range(first, 130)]


def test_without_scripts_links_lead_through_the_history(
    site: Site, ann: Visitor
) -> None:
    room = site.add_room("Ops")
    fill(site, "Ops", 60)
    page = ann.get(f"/rooms/{room}").text
    before = re.findall(r'<a href="(\?before=\d+)"', page)[0]

    older = ann.get(f"/rooms/{room}{before}").text

    assert texts(older) == [f"message {number}" for number in range(10)]
    assert '<a href="?after=' in older


@pytest.mark.parametrize("part", ["", "/history?before=5", "/feed"])
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


@pytest.mark.parametrize("part", ["", "/history", "/feed"])
def test_rooms_require_a_session(site: Site, visitor: Visitor, part: str) -> None:
    room = site.add_room("Ops")

    assert (visitor.get(f"/rooms/{room}{part}").location or "").startswith("/sign-in")


@pytest.mark.parametrize(
    "query",
    [
        *("at=nothing", "before=x", "after=-1", "before=" + "9" * 40),
        *("before=" + "0" * 20 + "9" * 40, "after=" + "0" * 5000),
    ],
)
def test_an_invalid_address_gets_an_error(site: Site, ann: Visitor, query: str) -> None:
    room = site.add_room("Ops")

    assert ann.get(f"/rooms/{room}?{query}").status in (400, 404)


def test_a_message_of_another_room_is_not_shown_in_this_one(
    site: Site, ann: Visitor
) -> None:
    room, _ = site.add_room("Ops"), site.add_room("Plans", is_private=True)
    fill(site, "Plans", 1)
    secret = site.messages("Plans")[0]["id"]

    assert ann.get(f"/rooms/{room}?at={secret}").status == 404


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
    assert ">Old<" in listed[2]
    assert "<textarea" not in page


@pytest.mark.parametrize(
    ("wanted", "sources"), [(False, "'self'"), (True, "'self' https: http:")]
)
def test_outside_pictures_are_loaded_only_where_the_operator_allows_them(
    make_site: Callable[..., Site], wanted: bool, sources: str
) -> None:
    site = make_site(outside_pictures=wanted)
    room = site.add_room("Ops")
    picture = '<img src="https://a.example/x.png">'
    site.post("/v2/room/Ops/notification", {"message": picture})
    site.add_user("ann", mention_name="ann")
    ann = Visitor(site)
    ann.take_session("ann")

    answer = ann.get(f"/rooms/{room}")

    assert f"img-src {sources};" in answer.headers["content-security-policy"] + ";"
    assert ('<img src="https://a.example/x.png"' in answer.text) is wanted


def test_a_stopping_server_opens_no_stream(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    site.server.stop()

    answer = ann.get(f"/rooms/{room}/feed")

    assert answer.status == 503
    assert answer.headers["retry-after"] == "10"
