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


def test_hits_are_marked_and_lead_to_their_place(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    post(site, "Ops", "The <b>Café</b> is closed")
    message = site.messages("Ops")[0]["id"]

    page = ann.get(f"/search?room={room}&q=cafe").text

    assert "The <mark>Café</mark> is closed" in page
    assert f'href="/rooms/{room}?at={message}"' in page


def test_all_rooms_are_searched_but_those_of_others(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    for name, private in (("One", False), ("Two", False), ("Plans", True)):
        site.add_room(name, is_private=private)
        post(site, name, f"disk full in {name}")

    found = ann.get("/search?q=disk").text

    assert found.count("<mark>disk</mark>") == 2
    assert "Plans" not in found
    assert root.get("/search?q=disk").text.count("<mark>disk</mark>") == 3


def test_a_room_of_others_is_not_searched_by_its_number(
    site: Site, ann: Visitor
) -> None:
    room = site.add_room("Plans", is_private=True)
    post(site, "Plans", "secret")

    assert ann.get(f"/search?room={room}&q=secret").status == 403


def test_further_hits_come_page_by_page(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    for number in range(60):
        post(site, "Ops", f"hit {number}", message_format="text")

    first = ann.get(f"/search?room={room}&q=hit").text

    assert first.count("<mark>") == 50
    address = first.partition('class="button" href="')[2].partition('"')[0]
    second = ann.get(address.replace("&amp;", "&")).text
    assert second.count("<mark>") == 10


def test_the_words_of_a_card_are_shown(site: Site, ann: Visitor) -> None:
    site.add_room("Ops")
    card = {
        "style": "link",
        "id": "c",
        "title": "The build",
        "description": {"value": "failed in <b>main</b>", "format": "html"},
    }
    post(site, "Ops", "fallback", card=card)

    assert "failed in <mark>main</mark>" in ann.get("/search?q=main").text


def test_nothing_found_is_said(site: Site, ann: Visitor) -> None:
    site.add_room("Ops")

    assert "Nothing was found" in ann.get("/search?q=nowhere").text
    assert "Nothing was found" not in ann.get("/search").text


def test_only_rooms_in_which_something_was_said_count_as_not_searched(
    site: Site, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipkit.server.page.views.search.MOST_ROOMS", 1)
    for name in ("One", "Two"):
        site.add_room(name)
    post(site, "One", "hello")

    assert "said last were searched" not in ann.get("/search?q=x").text
    post(site, "Two", "hello")
    assert "said last were searched" in ann.get("/search?q=x").text


def test_what_is_looked_for_is_never_read_as_html(site: Site, ann: Visitor) -> None:
    page = ann.get('/search?q="><script>x()</script>').text

    assert "<script>x()" not in page


@given(st.text(max_size=600), st.text(max_size=30))
def test_a_marked_text_is_the_text(text: str, words: str) -> None:
    marked = highlight(text, read_phrases(words))
    plain = marked.replace("<mark>", "").replace("</mark>", "")
    shown = str(type(marked)(plain).unescape())
    assert shown.removeprefix("…").removesuffix("…") in "…" + text + "…"
