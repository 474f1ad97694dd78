"""Parts of a history: each message once, in both directions."""

from __future__ import annotations

import re

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


def test_a_message_of_another_room_is_not_shown_in_this_one(
    site: Site, ann: Visitor
) -> None:
    room, _ = site.add_room("Ops"), site.add_room("Plans", is_private=True)
    fill(site, "Plans", 1)
    secret = site.messages("Plans")[0]["id"]

    assert ann.get(f"/rooms/{room}?at={secret}").status == 404
