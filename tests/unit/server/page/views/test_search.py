"""Searching from the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.page.views.search import highlight
from hipkit.server.services.messages.search import read_phrases
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor


def post(site: Site, room: str, text: str, **members: object) -> None:
    body = {"message": text, **members}
    assert site.post(f"/v2/room/{room}/notification", body).status == 204


def test_a_match_is_marked_and_links_to_its_message(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    post(site, "Ops", "The <b>Café</b> is closed")
    message = site.messages("Ops")[0]["id"]

    page = ann.get(f"/search?room={room}&q=cafe").text

    assert "The <mark>Café</mark> is closed" in page
    assert f'href="/rooms/{room}?at={message}"' in page


def test_only_rooms_that_the_user_may_see_are_searched(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    for name, private in (("One", False), ("Two", False), ("Plans", True)):
        site.add_room(name, is_private=private)
        post(site, name, f"disk full in {name}")

    found = ann.get("/search?q=disk").text

    assert found.count("<mark>disk</mark>") == 2
    assert "Plans" not in found
    assert root.get("/search?q=disk").text.count("<mark>disk</mark>") == 3


def test_a_private_room_of_others_answers_403(site: Site, ann: Visitor) -> None:
    room = site.add_room("Plans", is_private=True)
    post(site, "Plans", "secret")

    assert ann.get(f"/search?room={room}&q=secret").status == 403


def test_a_link_leads_to_the_next_page_of_matches(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    for number in range(60):
        post(site, "Ops", f"hit {number}", message_format="text")

    first = ann.get(f"/search?room={room}&q=hit").text

    assert first.count("<mark>") == 50
    address = first.partition('class="button" href="')[2].partition('"')[0]
    second = ann.get(address.replace("&amp;", "&")).text
    assert second.count("<mark>") == 10


def test_a_match_in_a_card_shows_its_description(site: Site, ann: Visitor) -> None:
    site.add_room("Ops")
    card = {
        "style": "link",
        "id": "c",
        "title": "The build",
        "description": {"value": "failed in <b>main</b>", "format": "html"},
    }
    post(site, "Ops", "fallback", card=card)

    assert "failed in <mark>main</mark>" in ann.get("/search?q=main").text


def test_a_search_without_a_match_says_so(site: Site, ann: Visitor) -> None:
    site.add_room("Ops")

    assert "No messages found" in ann.get("/search?q=nowhere").text
    assert "No messages found" not in ann.get("/search").text


def test_a_hint_appears_when_rooms_with_messages_were_not_searched(
    site: Site, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipkit.server.services.messages.search.MOST_ROOMS", 1)
    for name in ("One", "Two"):
        site.add_room(name)
    post(site, "One", "hello")

    assert "latest messages were searched" not in ann.get("/search?q=x").text
    post(site, "Two", "hello")
    assert "latest messages were searched" in ann.get("/search?q=x").text


def test_the_searched_text_is_never_read_as_html(site: Site, ann: Visitor) -> None:
    page = ann.get('/search?q="><script>x()</script>').text

    assert "<script>x()" not in page


@given(st.text(max_size=600), st.text(max_size=30))
def test_highlighting_changes_nothing_but_marks(text: str, words: str) -> None:
    marked = highlight(text, read_phrases(words))
    plain = marked.replace("<mark>", "").replace("</mark>", "")
    shown = str(type(marked)(plain).unescape())
    assert shown.removeprefix("…").removesuffix("…") in "…" + text + "…"
