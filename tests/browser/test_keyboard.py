"""What keys do on the page, beside walking through it and scrolling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served

SMALL = {"width": 375, "height": 667}


@pytest.fixture
def room(signed_in: Page, served: Served) -> Page:
    """A room's page."""
    served.call("POST", "/room", {"name": "Keys"})
    signed_in.goto("/rooms/1")
    return signed_in


def test_a_slash_leads_to_the_search_of_what_is_shown(room: Page) -> None:
    room.keyboard.press("/")
    in_room = room.get_by_label("Search the messages of this room")
    expect(in_room).to_be_focused()
    expect(in_room).to_have_value("")

    room.goto("/account")
    room.keyboard.press("/")
    expect(room.get_by_label("Search the messages of all rooms")).to_be_focused()


def test_a_slash_that_is_typed_stays_a_slash(room: Page) -> None:
    message = room.get_by_label("Message", exact=True)
    message.focus()

    room.keyboard.type("/me waves")

    expect(message).to_have_value("/me waves")
    expect(message).to_be_focused()


def test_a_slash_opens_the_rooms_where_their_search_is_folded_away(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page]
) -> None:
    page = sign_in(open_page(viewport=SMALL))
    page.goto("/account")

    page.keyboard.press("/")

    expect(page.get_by_label("Search the messages of all rooms")).to_be_focused()
    expect(page.locator("#rooms")).to_be_visible()


@pytest.mark.parametrize(("name", "inside"), [("Rooms", "Keys"), ("Menu", "Account")])
def test_rooms_and_menu_open_and_close_by_keys(
    room: Page, name: str, inside: str
) -> None:
    room.set_viewport_size({**SMALL})  # type: ignore[typeddict-item]  # the keys are there
    opener = room.get_by_role("button", name=name)
    link = room.get_by_role("link", name=inside)
    expect(link).to_be_hidden()

    opener.focus()
    room.keyboard.press("Enter")
    expect(link).to_be_visible()
    room.keyboard.press("Tab")
    assert room.evaluate("document.activeElement.closest('[popover]') !== null")
    room.keyboard.press("Escape")

    expect(link).to_be_hidden()
    expect(opener).to_be_focused()


def test_who_is_in_the_room_unfolds_by_a_key(room: Page) -> None:
    people = room.locator("details.people")

    people.locator("summary").focus()
    room.keyboard.press("Enter")

    expect(people.locator("ul")).to_be_visible()
