"""An add-on of the kit, on another origin: installed at the page, used, configured, and removed."""

from __future__ import annotations

import base64
import json
import queue
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from hipkit.addon import AddOn, Html, Installation, Message, ViewRequest
from tests.browser.addon import App, served_app
from tests.browser.conftest import (
    EMAIL,
    PATIENCE_MILLISECONDS,
    RULES,
    Served,
    enter,
)

PATIENCE_SECONDS = 60
FORM = """<!doctype html><html lang="en"><title>Karma</title>
<form method="post" action="configuration">
<input type="hidden" name="signed_request" value="{}">
<label>Word <input name="word"></label> <button>Save</button></form></html>"""


@dataclass
class Kit:
    """The add-on, and what happens to it."""

    url: str = ""
    word: str = "more"
    seen: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def next(self) -> str:
        """Return what happens next, once it does."""
        return self.seen.get(timeout=PATIENCE_SECONDS)

    def make(self) -> AddOn:
        addon = AddOn(
            key="com.example.karma",
            name="Karma",
            scopes=["send_notification", "view_room"],
            vendor=("Example", "https://example.com"),
        )

        @addon.on_message(r"^/karma (?P<name>@\w+)")
        async def karma(message: Message, name: str) -> str:
            return f"{name} has one {self.word}"

        @addon.glance("karma", name="Karma")
        async def glance(request: ViewRequest) -> str:
            return "12 points"

        @addon.configuration
        async def configure(request: ViewRequest) -> Html:
            if request.method == "POST":
                self.word = request.form["word"]
                return Html("<!doctype html><title>Karma</title><p>Saved</p>")
            return Html(FORM.format(request.token))

        @addon.on_install
        async def installed(installation: Installation) -> None:
            self.seen.put(f"installed in {installation.room_id}")

        @addon.on_remove
        async def removed(installation: Installation) -> None:
            self.seen.put("removed")

        return addon


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    """The add-on, on a server of its own."""
    kit = Kit()
    made = kit.make()

    def make(url: str) -> App:
        kit.url = url
        return made.asgi(
            base_url=url, storage=tmp_path / "karma.sqlite3", allow_internal=True
        )

    with served_app(make):
        yield kit


@pytest.fixture
def page(chromium: Browser, served: Served) -> Iterator[Page]:
    """A window of the administrator's. Nothing may be stopped by a policy, or fail in a script."""
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            problems.append(message.text)

    with chromium.new_context(base_url=served.url, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.on("console", on_console)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield enter(page, EMAIL, served.password)
    assert problems == []


def make_room(served: Served, name: str) -> int:
    status, _, body = served.running.call("POST", "/room", {"name": name})
    assert status == 201
    return int(json.loads(body)["id"])


def check(page: Page, axe: str) -> None:
    """Look at a page through axe, in both themes."""
    page.evaluate(axe)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(RULES) == []


def remove_by_keyboard(page: Page) -> None:
    """Open what removes the add-on, check its box, and press its button."""
    page.locator("summary", has_text="Remove Karma").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_an_add_on_is_installed_used_configured_and_removed(
    page: Page, served: Served, kit: Kit, axe: str
) -> None:
    room = make_room(served, "Thanks")
    page.goto(f"/rooms/{room}/settings")
    page.get_by_role("link", name="Install an add-on in this room").click()
    page.get_by_label("Address of its descriptor").fill(f"{kit.url}/capabilities")
    page.get_by_role("button", name="Show what it asks for").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Install Karma in Thanks?"
    )
    expect(page.get_by_text("See a room and who is in it")).to_be_visible()
    check(page, axe)
    page.get_by_role("button", name="Install").click()

    expect(page.get_by_role("status")).to_contain_text("The add-on is installed")
    assert kit.next() == f"installed in {room}"
    check(page, axe)
    addon_page = page.url.partition("?")[0]

    with page.expect_popup() as opened:
        page.get_by_role("link", name="Configure").click()
    opened.value.get_by_label("Word").fill("point")
    opened.value.get_by_role("button", name="Save").click()
    expect(opened.value.get_by_text("Saved")).to_be_visible()
    opened.value.close()

    page.goto(f"/rooms/{room}")
    expect(page.locator("#glances")).to_contain_text("12 points")
    page.get_by_label("Message", exact=True).fill("/karma @bob")
    page.keyboard.press("Enter")
    expect(page.locator("#log")).to_contain_text("@bob has one point")

    page.goto(addon_page)
    expect(page.get_by_role("link", name=re.compile("^1 call"))).to_be_visible()
    remove_by_keyboard(page)

    # By way of the add-on, which sends the browser back.
    page.wait_for_url(re.compile("/addons$"))
    assert kit.next() == "removed"
    expect(page.get_by_role("link", name="Karma")).to_have_count(0)
    page.goto(f"/rooms/{room}")
    expect(page.locator("#log")).to_contain_text("@bob has one point")
    expect(page.get_by_text("12 points")).to_have_count(0)


def test_an_add_on_is_installed_and_removed_in_the_browser_alone(
    page: Page, served: Served, kit: Kit
) -> None:
    described = json.loads(kit.make().descriptor(kit.url).to_json())
    del described["capabilities"]["installable"]["callbackUrl"]
    del described["capabilities"]["configurable"]
    document = base64.b64encode(json.dumps(described).encode()).decode()
    link = f"data:application/json;base64,{document}"
    page.goto(f"/addons/install?url={quote(link, safe='')}")

    page.get_by_role("button", name="Install").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Karma")
    assert "/addons/" in page.url
    assert kit.next() == "installed in None"
    remove_by_keyboard(page)
    page.wait_for_url(re.compile("/addons$"))
    assert kit.next() == "removed"
    expect(page.get_by_role("link", name="Karma")).to_have_count(0)


def test_a_refusal_is_shown_where_it_was_agreed_to(
    page: Page, served: Served, kit: Kit, axe: str
) -> None:
    page.goto(f"/addons/install?url={quote(kit.url + '/capabilities', safe='')}")
    taken = f"{kit.url}/capabilities"
    expect(page.get_by_role("button", name="Install")).to_be_visible()
    served.admin("addon", "install", taken, "--yes")

    page.get_by_role("button", name="Install").click()

    expect(page.get_by_role("alert")).to_contain_text("has changed since it was shown")
    expect(page.get_by_role("button", name="Update")).to_be_visible()
    check(page, axe)
    served.admin("addon", "remove", "com.example.karma")
