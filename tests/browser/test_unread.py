"""What a window tells of rooms that are not open in it, with several windows and people."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Served
from tests.browser.test_rooms import listening, make_room, notify

OpenPage = Callable[..., Page]
SignIn = Callable[..., Page]

HIDE = """(isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def link(page: Page, name: str) -> Locator:
    return page.locator("#conversations a", has=page.get_by_text(name, exact=True))


def count(page: Page, name: str) -> Locator:
    return link(page, name).locator(".count b")


@pytest.fixture
def people(served: Served) -> dict[str, str]:
    """Ann's and Bob's passwords."""
    passwords = {}
    for name in ("ann", "bob"):
        email = f"{name}@example.com"
        status, _, _ = served.running.call("GET", f"/user/{email}")
        if status == 404:
            served.admin("user", "add", name.title(), email, "--mention-name", name)
        passwords[name] = str(served.admin("user", "password", email)["password"])
    return passwords


def test_a_room_that_is_not_open_is_counted_live_and_in_the_title(
    signed_in: Page, served: Served
) -> None:
    open_room = make_room(served, "Open one")
    other = make_room(served, "Other one")
    listening(signed_in, open_room)
    signed_in.evaluate("window.notReloaded = true")

    notify(served, other, "first", message_format="text")
    expect(count(signed_in, "Other one")).to_have_text("1")
    expect(link(signed_in, "Other one")).to_have_class("unread")
    notify(served, other, "loud", message_format="text", notify=True)

    expect(count(signed_in, "Other one")).to_have_text("2")
    expect(link(signed_in, "Other one")).to_have_class("unread loud")
    expect(link(signed_in, "Other one")).to_contain_text("unread, for your attention")
    expect(link(signed_in, "Other one").locator("time")).to_have_text(re.compile(r"\d"))
    expect(signed_in).to_have_title(re.compile(r"^\(\d+\) Open one · hipkit$"))
    # Where the list is folded away, its button has the count.
    signed_in.set_viewport_size({"width": 375, "height": 667})
    name = re.compile(r"^Rooms \d+ unread$")
    expect(signed_in.get_by_role("button", name=name)).to_be_visible()
    assert signed_in.evaluate("window.notReloaded")


def test_reading_on_one_device_clears_the_count_on_the_others(
    open_page: OpenPage, sign_in: SignIn, served: Served, people: dict[str, str]
) -> None:
    quiet, busy = make_room(served, "Calm"), make_room(served, "Lively")
    laptop, phone = open_page(), open_page()
    for page in (laptop, phone):
        sign_in(page, "ann", people["ann"])
        listening(page, quiet)
    notify(served, busy, "news", message_format="text")
    for page in (laptop, phone):
        expect(count(page, "Lively")).to_have_text("1")

    phone.goto(f"/rooms/{busy}")

    expect(phone.locator(".first-new")).to_have_text("New messages")
    expect(count(laptop, "Lively")).to_be_hidden()
    expect(laptop).to_have_title(re.compile("^Calm · hipkit$|^\\(\\d+\\) Calm"))


def test_ones_own_messages_never_count(
    open_page: OpenPage, sign_in: SignIn, served: Served, people: dict[str, str]
) -> None:
    room, other = make_room(served, "Said here"), make_room(served, "Watched")
    ann = sign_in(open_page(), "ann", people["ann"])
    phone = sign_in(open_page(), "ann", people["ann"])
    bob = sign_in(open_page(), "bob", people["bob"])
    listening(ann, room)
    for page in (phone, bob):
        listening(page, other)

    ann.get_by_label("Message", exact=True).fill("my own words")
    ann.keyboard.press("Enter")

    expect(count(bob, "Said here")).to_have_text("1")
    # What Bob is told, Ann's phone was told in the same round.
    expect(link(phone, "Said here").locator("time")).to_be_attached()
    expect(count(phone, "Said here")).to_be_hidden()


def test_a_hidden_window_counts_the_messages_of_its_own_room(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Behind")
    listening(signed_in, room)
    signed_in.evaluate(HIDE, True)

    notify(served, room, "while away", message_format="text")

    expect(signed_in).to_have_title(re.compile(r"^\(\d+\) Behind · hipkit$"))
    expect(count(signed_in, "Behind")).to_have_text("1")
    signed_in.evaluate(HIDE, False)
    expect(count(signed_in, "Behind")).to_be_hidden()


def test_names_topics_people_and_new_rooms_appear_without_a_reload(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Before", topic="Old topic")
    listening(signed_in, room)
    signed_in.evaluate("window.notReloaded = true")
    whole = {
        "name": "After",
        "topic": "New topic",
        "privacy": "private",
        "is_archived": False,
        "is_guest_accessible": False,
        "owner": {"id": "1"},
    }

    assert served.call("PUT", f"/room/{room}", whole) == 204
    make_room(served, "Brand new")
    assert served.call("POST", f"/room/{room}/message", {"message": "hi"}) == 201

    expect(signed_in.locator(".room-head h1")).to_have_text("After")
    expect(signed_in.locator(".room-head .badge")).to_have_text("private")
    expect(signed_in.locator("#topic")).to_contain_text("New topic")
    expect(signed_in.locator("#people-count")).to_have_text("1 in the room")
    expect(link(signed_in, "Brand new")).to_be_visible()
    expect(link(signed_in, "After")).to_have_attribute("aria-current", "page")
    expect(signed_in).to_have_title(re.compile("After · hipkit$"))
    assert signed_in.evaluate("window.notReloaded")


def test_rooms_are_sorted_by_name_or_by_what_is_new_and_move_up_live(
    signed_in: Page, served: Served
) -> None:
    first, second = make_room(served, "Aaa"), make_room(served, "Bbb")
    notify(served, first, "earlier", message_format="text")
    names = signed_in.locator("#conversations ul").first.locator(".room-name")
    listening(signed_in, first)
    assert names.all_inner_texts() == sorted(names.all_inner_texts(), key=str.casefold)

    signed_in.get_by_role("button", name="Sort by newest").click()
    expect(names.first).to_have_text("Aaa")
    signed_in.mouse.move(700, 400)
    notify(served, second, "later", message_format="text")

    expect(names.first).to_have_text("Bbb")
    signed_in.reload()
    expect(names.first).to_have_text("Bbb")
    signed_in.get_by_role("button", name="Sort by name").click()
    expect(names.first).to_have_text("Aaa")


def test_a_private_chat_is_listed_and_counted_when_it_begins(
    open_page: OpenPage, sign_in: SignIn, served: Served, people: dict[str, str]
) -> None:
    room = make_room(served, "Lobby")
    bob = sign_in(open_page(), "bob", people["bob"])
    listening(bob, room)

    assert served.call("POST", "/user/@bob/message", {"message": "psst"}) == 204

    chat = bob.locator("#conversations a[href^='/chats/']")
    expect(chat).to_have_class("unread loud")
    expect(chat.locator(".count b")).to_have_text("1")
    chat.click()
    expect(bob.locator(".message", has_text="psst")).to_be_visible()
    assert served.call("POST", "/user/@bob/message", {"message": "again"}) == 204
    expect(bob.locator(".message", has_text="again")).to_be_visible()
    expect(chat.locator(".count b")).to_be_hidden()


def test_without_scripts_counts_are_shown_and_a_button_marks_as_read(
    open_page: OpenPage, sign_in: SignIn, served: Served, people: dict[str, str]
) -> None:
    room = make_room(served, "Plain")
    notify(served, room, "hello", message_format="text")
    page = sign_in(open_page(java_script_enabled=False), "ann", people["ann"])

    page.goto(f"/rooms/{room}")
    expect(count(page, "Plain")).to_have_text("1")
    page.get_by_role("button", name="Mark as read").click()

    expect(count(page, "Plain")).to_be_hidden()
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(0)


NOTICES = """
    window.Notification = class {
        static permission = "default";
        static async requestPermission() { return (this.permission = "granted"); }
        constructor(title, options) {
            const { dataset } = document.documentElement;
            dataset.notices = `${dataset.notices ?? ""}${title}: ${options.body};`;
        }
    };
"""
"""A browser that asks nobody: a test cannot press the browser's own button."""


def test_the_browser_notifies_on_request_of_what_asks_for_attention(
    open_page: OpenPage, sign_in: SignIn, served: Served, people: dict[str, str]
) -> None:
    lobby, alarms = make_room(served, "Hall"), make_room(served, "Alarms")
    page = open_page()
    page.add_init_script(NOTICES)
    sign_in(page, "bob", people["bob"])
    page.goto("/account")
    expect(page.locator("#notices")).to_contain_text("Off in this browser.")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#notices")).to_contain_text("On in this browser.")
    page.add_init_script('Notification.permission = "granted"')
    listening(page, lobby)

    notify(served, alarms, "quiet", message_format="text")
    notify(served, lobby, "seen", message_format="text", notify=True)
    expect(page.locator(".message", has_text="seen")).to_be_visible()
    expect(count(page, "Alarms")).to_have_text("1")
    notify(served, alarms, "<b>db1</b> is down", notify=True, **{"from": "Nagios"})

    told = page.locator("html")
    expect(told).to_have_attribute("data-notices", "Alarms: Nagios: db1 is down;")
