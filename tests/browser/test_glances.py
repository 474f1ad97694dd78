"""Glances in a real browser, with an add-on on another origin: asked, pushed, and hostile."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, StorageState, expect

from tests.browser.addon import CORS, ICON_PATH, Addon, running_addon
from tests.browser.conftest import (
    EMAIL,
    PATIENCE_MILLISECONDS,
    RULES,
    Served,
    enter,
)
from tests.browser.filling import addon_token

every = pytest.mark.parametrize

HOSTILE = (
    "<b onclick='window.hacked = 1'>3</b> <i>new</i>"
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    "<svg onload='window.hacked = 1'><style>x</style></svg><a href='javascript:0'>all</a>"
)
"""A label whose text is `3 newall`."""

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def addon() -> Iterator[Addon]:
    with running_addon() as running:
        yield running


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return addon_token(served, "Build bot")


@pytest.fixture(scope="module")
def session(chromium: Browser, served: Served) -> StorageState:
    """The administrator's, begun before there are rooms whose glances would be asked."""
    context = chromium.new_context(base_url=served.url)
    enter(context.new_page(), EMAIL, served.password)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_room(
    chromium: Browser, served: Served, session: StorageState
) -> Iterator[Callable[..., Page]]:
    """Opens a room in a window of its own, and collects what went wrong in it.

    A script's error and what the policy stopped fail the test; that an add-on refused to answer
    is a matter of the test.
    """
    problems: list[str] = []
    contexts = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            problems.append(message.text)

    def open_it(room: int, **wishes: Any) -> Page:
        context = chromium.new_context(
            base_url=served.url, storage_state=session, **wishes
        )
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"/rooms/{room}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert problems == []


def make_room(served: Served, name: str) -> int:
    status, _, body = served.running.call("POST", "/room", {"name": name})
    assert status == 201
    return int(json.loads(body)["id"])


class Room:
    """A room with an add-on's modules of its own."""

    def __init__(self, served: Served, addon: Addon, token: str, name: str) -> None:
        self.served, self.addon, self.token = served, addon, token
        self.id = make_room(served, name)

    def put(self, key: str, kind: str = "glance", **members: object) -> int:
        icon = {"url": self.addon.url + ICON_PATH, "url@2x": self.addon.url + ICON_PATH}
        if kind == "glance":
            members = {"name": {"value": key.title()}, "icon": icon, **members}
        path = f"/room/{self.id}/extension/{kind}/{key}"
        status, _, body = self.served.running.call(
            "PUT", path, members, token=self.token
        )
        assert status == 201, body
        return int(json.loads(body)["id"])

    def push(self, key: str, label: str, place: str = "", **members: object) -> None:
        content = {"label": {"type": "html", "value": label}, **members}
        path = f"/addon/ui/room/{self.id}{place}"
        body = {"glance": [{"key": key, "content": content}]}
        assert self.served.running.call("POST", path, body, token=self.token)[0] == 204


@pytest.fixture
def new_room(served: Served, addon: Addon, token: str) -> Callable[[str], Room]:
    return lambda name: Room(served, addon, token, name)


def label(html: str, **members: object) -> dict[str, object]:
    return {"label": {"type": "html", "value": html}, **members}


def glance(page: Page, name: str) -> Any:
    return page.locator(".glance", has=page.get_by_text(name, exact=True))


def test_an_add_on_is_asked_with_a_signed_address(
    open_room: Open, new_room: Callable[[str], Room], addon: Addon
) -> None:
    room = new_room("Asked")
    lozenge = {"type": "lozenge", "value": {"type": "success", "label": "green"}}
    url = addon.answer("/asked", label("<b>12</b> builds", status=lozenge))
    room.put("builds", queryUrl=url)

    page = open_room(room.id)

    shown = glance(page, "Builds")
    expect(shown.locator(".label b")).to_have_text("12")
    expect(shown.locator(".lozenge-success")).to_have_text("green")
    expect(shown.locator("img.icon")).to_have_js_property("naturalWidth", 16)
    (query,) = addon.queries("/asked")
    assert re.fullmatch(r"ey[\w-]+\.ey[\w-]+\.[\w-]+", query["signed_request"][0])
    assert query["connect_client_api_version"] == ["1"]
    for path, _, headers in addon.asked:
        # The cookie of a host is one for all of its ports.
        assert "cookie" not in headers, path
        assert "referer" not in headers, path


def test_what_is_pushed_is_shown_live_and_asks_nobody_again(
    open_room: Open, new_room: Callable[[str], Room], addon: Addon
) -> None:
    room = new_room("Pushed")
    room.put("asked", queryUrl=addon.answer("/once", label("answered")))
    room.put("silent")
    page = open_room(room.id)
    expect(glance(page, "Asked").locator(".label")).to_have_text("answered")
    expect(glance(page, "Silent").locator(".label")).to_have_text("")

    room.push("silent", "<b>pushed</b>")

    expect(glance(page, "Silent").locator(".label b")).to_have_text("pushed")
    expect(glance(page, "Asked").locator(".label")).to_have_text("answered")
    room.push("asked", "newer")
    expect(glance(page, "Asked").locator(".label")).to_have_text("newer")
    room.push("silent", "for me", "/user/1")
    expect(glance(page, "Silent").locator(".label")).to_have_text("for me")
    assert len(addon.queries("/once")) == 1


def test_a_glance_comes_and_goes_on_an_open_page(
    open_room: Open, new_room: Callable[[str], Room], served: Served, addon: Addon
) -> None:
    room = new_room("Comes and goes")
    page = open_room(room.id)
    expect(page.locator("#glances")).to_be_hidden()

    room.put("late", queryUrl=addon.answer("/late", label("never")))

    # The policy of the page does not have its server yet.
    late = glance(page, "Late")
    expect(late).to_be_visible()
    expect(late.locator("img")).to_have_count(0)
    late.get_by_role("button", name="Retry").click()
    expect(glance(page, "Late").locator(".label")).to_have_text("never")
    expect(glance(page, "Late").locator("img.icon")).to_have_count(1)
    path = f"/room/{room.id}/extension/glance/late"
    assert served.running.call("DELETE", path, token=room.token)[0] == 204
    expect(page.locator("#glances")).to_be_hidden()


def icon(url: str) -> dict[str, object]:
    return {"type": "icon", "value": {"url": url, "url@2x": url}}


@every(
    ("status", "body", "headers"),
    [
        (404, label("x"), CORS),
        (500, label("x"), CORS),
        (200, label("x"), {}),
        (200, b"", CORS),
        (200, b"not JSON", CORS),
        (200, [], CORS),
        (200, None, CORS),
        (200, {"label": "x"}, CORS),
        (200, label(""), CORS),
        (200, label("x" * 1001), CORS),
        (200, {"label": {"type": "text", "value": "x"}}, CORS),
        (200, label("x", status={"type": "made up", "value": {}}), CORS),
        (200, label("x", status={"type": "lozenge"}), CORS),
        (200, label("x", status=icon("javascript:alert(1)")), CORS),
        (200, label("x", status=icon("data:image/svg+xml,x")), CORS),
        (200, label("x", metadata=[1]), CORS),
        (200, b'{"label": "' + b"x" * 10_000_000 + b'"}', CORS),
    ],
)
def test_an_answer_that_is_none_gets_a_mark_and_another_try(
    open_room: Open,
    new_room: Callable[[str], Room],
    addon: Addon,
    request: pytest.FixtureRequest,
    status: int,
    body: object,
    headers: dict[str, str],
) -> None:
    room = new_room(request.node.name[-50:])
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    addon.answers["/odd"] = (status, content, headers)
    room.put("odd", queryUrl=f"{addon.url}/odd")

    page = open_room(room.id)

    shown = glance(page, "Odd")
    retry = shown.get_by_role("button", name="Retry Odd")
    expect(retry).to_be_visible()
    expect(shown.locator(".label")).to_have_text("")
    addon.answer("/odd", label("well again"))
    retry.click()
    expect(shown.locator(".label")).to_have_text("well again")
    expect(retry).to_have_count(0)


def test_a_server_that_is_not_there_gets_a_mark(
    open_room: Open, new_room: Callable[[str], Room]
) -> None:
    room = new_room("Nobody there")
    room.put("gone", queryUrl="http://127.0.0.1:1/")

    page = open_room(room.id)

    expect(glance(page, "Gone").get_by_role("button")).to_be_visible()


def test_an_answer_that_is_late_gets_a_mark(
    open_room: Open, new_room: Callable[[str], Room], addon: Addon
) -> None:
    room = new_room("Late answer")
    addon.held["/held"] = threading.Event()
    room.put("held", queryUrl=addon.answer("/held", label("at last")))
    page = open_room(room.id)

    # The page's own limit of ten seconds.
    expect(glance(page, "Held").get_by_role("button")).to_be_visible(timeout=60_000)
    addon.held["/held"].set()
    glance(page, "Held").get_by_role("button").click()
    expect(glance(page, "Held").locator(".label")).to_have_text("at last")


@every("way", ["asked", "pushed"])
def test_of_a_hostile_label_only_text_and_four_tags_are_shown(
    open_room: Open, new_room: Callable[[str], Room], addon: Addon, way: str
) -> None:
    room = new_room(f"Hostile, {way}")
    if way == "asked":
        room.put("hostile", queryUrl=addon.answer("/hostile", label(HOSTILE)))
    else:
        room.put("hostile")
        room.push("hostile", HOSTILE)

    page = open_room(room.id)

    shown = glance(page, "Hostile").locator(".label")
    expect(shown).to_have_text("3 newall")
    assert shown.inner_html() == "<b>3</b> <i>new</i>all"
    assert page.evaluate("window.hacked") is None


def test_a_picture_of_another_server_is_not_loaded(
    open_room: Open, new_room: Callable[[str], Room], addon: Addon
) -> None:
    room = new_room("Pictures")
    elsewhere = icon("http://127.0.0.1:1/spy.png")
    room.put("spy", queryUrl=addon.answer("/spy", label("asked", status=elsewhere)))
    room.put("push")
    room.push("push", "pushed", status=elsewhere)
    own = icon(addon.url + ICON_PATH)
    room.put("own", queryUrl=addon.answer("/own", label("own", status=own)))

    page = open_room(room.id)

    expect(glance(page, "Own").locator(".status img")).to_have_count(1)
    for name, text in (("Spy", "asked"), ("Push", "pushed")):
        expect(glance(page, name).locator(".label")).to_have_text(text)
        expect(glance(page, name).locator(".status img")).to_have_count(0)


def test_a_condition_waits_for_the_answer(
    open_room: Open, new_room: Callable[[str], Room], addon: Addon
) -> None:
    room = new_room("Conditions")
    test = {"attr": "count", "gt": 2}
    conditions = [{"condition": "glance_matches", "params": {"metadata": [test]}}]
    for name, metadata in (
        ("many", {"count": 3}),
        ("few", {"count": 1}),
        ("none", None),
    ):
        members = {} if metadata is None else {"metadata": metadata}
        url = addon.answer(f"/{name}", label(name, **members))
        room.put(name, queryUrl=url, conditions=conditions)
    addon.answers["/broken"] = (500, b"", CORS)
    room.put("broken", queryUrl=f"{addon.url}/broken", conditions=conditions)

    page = open_room(room.id)

    expect(glance(page, "Many").locator(".label")).to_have_text("many")
    expect(glance(page, "Many")).to_be_visible()
    expect(glance(page, "Broken").get_by_role("button")).to_be_visible()
    for name in ("Few", "None"):
        expect(glance(page, name).locator(".label")).to_have_text(name.lower())
        expect(glance(page, name)).to_be_hidden()


def test_targets_open_a_page_that_says_what_they_need_or_the_add_on_s_own(
    open_room: Open, new_room: Callable[[str], Room], addon: Addon
) -> None:
    room = new_room("Targets")
    panel = {"name": {"value": "All builds"}, "location": "hipchat.sidebar.right"}
    room.put("panel", "webPanel", url=f"{addon.url}/panel", **panel)
    room.put(
        "page", "externalPage", url=addon.answer("/page", "x") + "?q={message.body}"
    )
    room.put("one", target="panel")
    room.put("two", target="page")
    page = open_room(room.id)

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Two", exact=True).click()
    opened.value.wait_for_load_state()
    assert opened.value.url.startswith(f"{addon.url}/page?q=&signed_request=")
    assert opened.value.evaluate("opener") is None
    page.get_by_role("link", name="One", exact=True).click()
    expect(page.get_by_role("heading", name="All builds")).to_be_visible()
    expect(page.get_by_text("needs a HipChat client")).to_be_visible()
    page.get_by_role("link", name="Back to Targets").click()
    expect(page.get_by_role("link", name="One", exact=True)).to_be_visible()


@every("size", [(1280, 800), (375, 667), (667, 375), (320, 568)])
@every("scheme", ["light", "dark"])
def test_many_glances_leave_room_for_the_messages_and_axe_finds_nothing(
    open_room: Open,
    new_room: Callable[[str], Room],
    addon: Addon,
    axe: str,
    size: tuple[int, int],
    scheme: str,
) -> None:
    room = new_room(f"Many {size} {scheme}")
    url = addon.answer("/many", label("<b>a rather long label</b> " * 5))
    for number in range(12):
        room.put(f"glance{number}", queryUrl=url)
    room.put("broken", queryUrl=f"{addon.url}/nothing", weight=-1)
    width, height = size

    page = open_room(
        room.id, color_scheme=scheme, viewport={"width": width, "height": height}
    )

    expect(page.locator(".glance .label b").first).to_be_visible()
    expect(page.get_by_role("button", name="Retry Broken")).to_be_visible()
    page.evaluate(axe)
    assert page.evaluate(RULES) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    log = page.locator("#log").bounding_box()
    assert log is not None
    assert log["height"] > height / 4
    assert page.locator("#glances").evaluate("one => one.offsetHeight") <= 90
