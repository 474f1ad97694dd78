"""A room in a real browser: live, walked through, searched, and proof against what is sent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Served

SCRIPT = "<script>window.hacked = 1</script>"
HANDLER = "<img src=x onerror='window.hacked = 1'>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>window.hacked = 1</script></svg>'

PLACE = """() => {
    const top = document.getElementById("log").getBoundingClientRect().top;
    const first = [...document.querySelectorAll(".message")].find(
        (one) => one.getBoundingClientRect().bottom > top + 1);
    return [first.id, Math.round(first.getBoundingClientRect().top - top)];
}"""

TWO_FRAMES = """() => new Promise(
    (done) => requestAnimationFrame(() => requestAnimationFrame(done)))"""

# How far what the reader sees moves when a part of the history is put in.
WATCH_PLACE = f"""
    const place = {PLACE};
    window.shifts = [];
    document.addEventListener("htmx:beforeSwap", (event) => {{
        // Lists beside the messages are renewed too.
        if (!event.detail.target.matches(".edge")) return;
        const seen = document.getElementById(place()[0]);
        const before = seen.getBoundingClientRect().top;
        queueMicrotask(
            () => window.shifts.push(seen.getBoundingClientRect().top - before));
    }}, {{ capture: true }});
"""


def make_room(served: Served, name: str, **members: object) -> int:
    status, _, body = served.running.call("POST", "/room", {"name": name, **members})
    assert status == 201
    return int(json.loads(body)["id"])


def notify(served: Served, room: int, message: str, **members: object) -> None:
    body = {"message": message, **members}
    assert served.call("POST", f"/room/{room}/notification", body) == 204


def fill(served: Served, room: int, count: int) -> None:
    headers = {
        "Authorization": f"Bearer {served.running.token}",
        "Content-Type": "application/json",
    }
    with contextlib.closing(served.running.connect()) as connection:
        for number in range(count):
            body = {"message": f"message {number}", "message_format": "text"}
            path = f"/v2/room/{room}/notification"
            connection.request("POST", path, json.dumps(body), headers)
            with connection.getresponse() as answer:
                assert answer.status == 204


def share(served: Served, room: int, name: str, kind: str, content: str) -> None:
    body = (
        f"--B\r\nContent-Type: {kind}\r\nContent-Disposition: attachment;"
        f' name="file"; filename="{name}"\r\n\r\n{content}\r\n--B--\r\n'
    ).encode()
    with contextlib.closing(served.running.connect()) as connection:
        connection.request(
            "POST",
            f"/v2/room/{room}/share/file",
            body,
            {
                "Authorization": f"Bearer {served.running.token}",
                "Content-Type": "multipart/related; boundary=B",
            },
        )
        assert connection.getresponse().status == 204


def listening(page: Page, room: int) -> None:
    """Open a room and wait until its stream is open: only then is anything live."""
    with page.expect_response(lambda response: "/feed" in response.url):
        page.goto(f"/rooms/{room}")


def at_bottom(page: Page) -> bool:
    return bool(page.evaluate("document.getElementById('log').scrollTop > -2"))


def test_new_messages_appear_without_a_reload_and_are_announced(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Live")
    listening(signed_in, room)
    signed_in.evaluate("window.notReloaded = true")

    for number in range(30):
        notify(served, room, f"<b>build {number}</b> is done", color="green")

    last = signed_in.locator(".message.color-green", has_text="build 29 is done")
    expect(last).to_be_visible()
    expect(signed_in.locator(".message")).to_have_count(30)
    assert at_bottom(signed_in)
    assert signed_in.evaluate("window.notReloaded")
    expect(signed_in.locator("#announcement")).to_contain_text("build 29 is done")


def test_a_new_message_does_not_move_a_reader_further_up(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Reading")
    fill(served, room, 60)
    listening(signed_in, room)
    signed_in.locator("#log").hover()
    signed_in.mouse.wheel(0, -900)
    expect(signed_in.locator("#newest")).to_be_visible()
    before = signed_in.evaluate(PLACE)

    notify(served, room, "something new", message_format="text")

    expect(signed_in.locator("#newest")).to_have_text("1 new message")
    assert signed_in.evaluate(PLACE) == before
    signed_in.locator("#newest").click()
    expect(signed_in.get_by_text("something new", exact=True)).to_be_in_viewport()


def test_scrolling_back_through_a_long_history_keeps_the_place(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Long")
    fill(served, room, 1200)
    loads: list[str] = []
    signed_in.on(
        "response",
        lambda response: (
            loads.append(response.url)
            if f"/rooms/{room}/history" in response.url
            else None
        ),
    )
    signed_in.add_init_script(WATCH_PLACE)
    signed_in.goto(f"/rooms/{room}")

    oldest = signed_in.get_by_text("message 0", exact=True)
    for _ in range(400):
        if oldest.count():
            break
        signed_in.evaluate("document.getElementById('log').scrollTop -= 1500")
        signed_in.evaluate(TWO_FRAMES)

    expect(oldest).to_be_attached()
    assert len(loads) == len(set(loads)) == 23
    shifts = signed_in.evaluate("window.shifts")
    assert len(shifts) == 23
    assert [shift for shift in shifts if abs(shift) > 1] == []
    # Only a stretch of it stays: the newest have made room.
    assert signed_in.locator(".message").count() <= 1050
    signed_in.locator("#newest").click()
    expect(signed_in.get_by_text("message 1199", exact=True)).to_be_in_viewport()


def test_a_link_to_a_message_shows_it_and_newer_messages_load(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Addresses")
    fill(served, room, 200)
    signed_in.goto(f"/rooms/{room}?before=9000000000000000")
    link = signed_in.locator(".message", has_text="message 160").locator("a.when")
    address = link.get_attribute("href")

    with signed_in.expect_response(lambda response: "/feed" in response.url):
        signed_in.goto(f"/rooms/{room}{address}")

    expect(signed_in.locator(".message.wanted")).to_contain_text("message 160")
    expect(signed_in.locator(".message.wanted")).to_be_in_viewport()
    expect(signed_in.get_by_text("message 199", exact=True)).to_be_attached()
    notify(served, room, "after all", message_format="text")
    expect(signed_in.get_by_text("after all", exact=True)).to_be_attached()


def test_all_five_styles_of_cards_are_drawn_and_activities_unfold(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Cards")
    for style in ("application", "file", "image", "link", "media"):
        card = {
            "style": style,
            "id": style,
            "title": f"A card of style {style}",
            "url": "https://a.example/x",
            "description": {"value": f"<i>about {style}</i>", "format": "html"},
            "thumbnail": {"url": "https://a.example/x.png"},
            "attributes": [
                {"label": "state", "value": {"label": "ok", "style": "lozenge-success"}}
            ],
        }
        notify(served, room, "fallback", card=card)
    folded = {
        "style": "application",
        "id": "f",
        "title": "Inside",
        "activity": {"html": "<b>Ann</b> did something"},
    }
    notify(served, room, "fallback", card=folded)

    signed_in.goto(f"/rooms/{room}")

    for style in ("application", "file", "image", "link", "media"):
        drawn = signed_in.locator(f".card-{style}", has_text=f"about {style}")
        expect(drawn).to_be_visible()
        expect(
            drawn.get_by_role("link", name=f"A card of style {style}")
        ).to_be_visible()
    expect(signed_in.get_by_text("fallback")).to_have_count(0)
    expect(signed_in.get_by_text("Inside")).not_to_be_visible()
    signed_in.get_by_text("Ann did something").click()
    expect(signed_in.get_by_text("Inside")).to_be_visible()


def test_a_card_is_as_wide_as_its_message(signed_in: Page, served: Served) -> None:
    room = make_room(served, "Wide cards")
    for number in range(2):
        card = {"style": "application", "id": str(number), "title": f"Card {number}"}
        notify(served, room, "fallback", card=card)

    signed_in.set_viewport_size({"width": 1920, "height": 900})
    signed_in.goto(f"/rooms/{room}")

    # The second follows the first, and leaves the same.
    left_out = signed_in.locator(".chat-card").evaluate_all(
        """(cards) => cards.map((card) => {
            const message = card.closest(".matter").getBoundingClientRect();
            return Math.round(message.right - card.getBoundingClientRect().right);
        })"""
    )
    assert left_out == [12, 12]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_of_notifications_differ(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page], Page],
    served: Served,
    scheme: str,
) -> None:
    colors = ("yellow", "green", "red", "purple", "gray")
    room = make_room(served, f"Colours {scheme}")
    for color in colors:
        notify(served, room, f"in {color}", color=color)
    page = sign_in(open_page(color_scheme=scheme))

    page.goto(f"/rooms/{room}")

    tints = {
        page.locator(f".color-{color} > .matter").evaluate(
            "one => getComputedStyle(one).backgroundColor"
        )
        for color in colors
    }
    assert len(tints) == len(colors)


def test_a_search_result_leads_to_its_message(signed_in: Page, served: Served) -> None:
    room = make_room(served, "Searched")
    fill(served, room, 100)
    notify(served, room, "the needle", message_format="text")
    fill(served, room, 100)
    signed_in.goto(f"/rooms/{room}")

    signed_in.get_by_label("Search the messages of this room").fill("need")
    signed_in.keyboard.press("Enter")
    signed_in.locator(".hits a").click()

    expect(signed_in.locator(".message.wanted .body")).to_have_text("the needle")
    expect(signed_in.locator(".message.wanted")).to_be_in_viewport()


def test_the_keyboard_scrolls_and_sends_messages(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Keys")
    fill(served, room, 60)
    listening(signed_in, room)

    signed_in.locator("#log").focus()
    signed_in.keyboard.press("PageUp")
    expect(signed_in.locator("#newest")).to_be_visible()
    signed_in.keyboard.press("End")
    expect(signed_in.locator("#newest")).to_be_hidden()
    signed_in.get_by_label("Message", exact=True).focus()
    signed_in.keyboard.type("first line")
    signed_in.keyboard.press("Shift+Enter")
    signed_in.keyboard.type("second line")
    signed_in.keyboard.press("Enter")

    said = signed_in.locator(".message.said .body")
    expect(said).to_have_text("first line\nsecond line", use_inner_text=True)
    expect(signed_in.get_by_label("Message", exact=True)).to_have_value("")
    expect(signed_in.get_by_label("Message", exact=True)).to_be_focused()


def test_a_room_far_down_the_list_is_in_view_and_tab_begins_at_the_top(
    signed_in: Page, served: Served
) -> None:
    for number in range(40):
        make_room(served, f"Zebra {number:02}")
    room = make_room(served, "Zebra 99")

    signed_in.goto(f"/rooms/{room}")
    expect(signed_in.locator(".sidebar [aria-current]")).to_be_in_viewport()
    signed_in.keyboard.press("Tab")

    expect(signed_in.get_by_text("Skip to the content")).to_be_focused()


def test_a_phone_shows_a_room_without_scrolling_sideways(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page], served: Served
) -> None:
    room = make_room(served, "Phone", topic="word" * 60)
    notify(served, room, "a" * 3000, message_format="text")
    table = "<table><tr>" + "<td>wide cell</td>" * 30 + "</tr></table>"
    notify(served, room, f"<pre>{'x' * 300}</pre>{table}")
    page = sign_in(open_page(viewport={"width": 360, "height": 640}))

    page.goto(f"/rooms/{room}")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.documentElement.scrollHeight") <= 640
    expect(page.get_by_label("Message", exact=True)).to_be_in_viewport()
    expect(page.locator(".message").last).to_be_in_viewport()


def test_unknown_tags_are_shown_as_text_and_styles_are_drawn(
    signed_in: Page, served: Served
) -> None:
    room = make_room(served, "Tables")
    listening(signed_in, room)
    notify(
        served,
        room,
        "From: Bob <bob@example.com> <script>x</script>"
        "<table><tr><th>Host</th><th>State</th></tr><tr><td>db1</td><td>"
        '<span style="color: red; font-weight: bold">down</span></td></tr></table>',
    )

    message = signed_in.locator(".message")
    expect(message).to_contain_text("Bob <bob@example.com> <script>x</script>")
    drawn = message.locator("td span").evaluate(
        "one => [getComputedStyle(one).color, getComputedStyle(one).fontWeight]"
    )
    assert drawn == ["rgb(168, 30, 22)", "700"]
    announcement = signed_in.locator("#announcement")
    expect(announcement).to_contain_text("down")
    assert announcement.evaluate("one => one.textContent").split()[-4:] == [
        *("Host", "State"),
        *("db1", "down"),
    ]


def test_hostile_messages_run_no_script(signed_in: Page, served: Served) -> None:
    dialogs: list[Dialog] = []

    def on_dialog(dialog: Dialog) -> None:
        dialogs.append(dialog)
        dialog.dismiss()

    signed_in.on("dialog", on_dialog)
    room = make_room(served, f"A{SCRIPT}"[:50], topic=f"{SCRIPT}{HANDLER}")
    attack = (
        f"{SCRIPT}{HANDLER}<a href='javascript:window.hacked=1'>press</a>"
        "<svg onload='window.hacked=1'></svg><iframe srcdoc='x'></iframe>"
        "<style>*{display:none}</style><form><button>send</button></form>"
        "<img src='http://a.example/seen.png'>"
    )
    notify(served, room, attack, **{"from": SCRIPT})
    notify(served, room, attack, message_format="text")
    card = {
        "style": "application",
        "id": "c",
        "title": f"press{SCRIPT}",
        "url": "javascript:window.hacked=1",
        "description": {"value": attack, "format": "html"},
        "icon": "javascript:window.hacked=1",
        "thumbnail": {"url": "data:image/svg+xml,x"},
        "activity": {"html": attack},
        "attributes": [
            {"label": SCRIPT, "value": {"label": SCRIPT, "url": "javascript:x"}}
        ],
    }
    notify(served, room, attack, card=card)
    share(served, room, f"{SCRIPT}.html".replace("/", ""), "text/html", SCRIPT)
    share(served, room, "x.svg", "image/svg+xml", SVG)
    listening(signed_in, room)
    notify(served, room, attack)

    expect(signed_in.locator(".message")).to_have_count(6)
    for press in signed_in.get_by_text("press").all():
        press.click(force=True)
    signed_in.wait_for_function("document.readyState === 'complete'")

    assert signed_in.evaluate("window.hacked") is None
    assert (
        signed_in.locator("#messages :is(script, iframe, svg, style, form)").count()
        == 0
    )
    assert dialogs == []


def test_an_opened_upload_runs_no_script(signed_in: Page, served: Served) -> None:
    room = make_room(served, "Uploads")
    share(served, room, "x.html", "text/html", SCRIPT)
    share(served, room, "x.svg", "image/svg+xml", SVG)
    signed_in.goto(f"/rooms/{room}")

    for link in signed_in.locator(".shared a.name").all():
        # A file that a browser could run is saved and not shown.
        with signed_in.expect_download() as download:
            link.click()
        assert download.value.suggested_filename in ("x.html", "x.svg")

    assert signed_in.evaluate("window.hacked") is None


def test_a_guest_sees_messages_live_and_cannot_write(
    open_page: Callable[..., Page], served: Served
) -> None:
    room = make_room(served, "Open house", guest_access=True)
    notify(served, room, "welcome", message_format="text")
    _, _, body = served.running.call("GET", f"/room/{room}")
    page = open_page()

    with page.expect_response(lambda response: "/feed" in response.url):
        page.goto(json.loads(body)["guest_access_url"])
    expect(page.get_by_text("welcome")).to_be_visible()
    notify(served, room, "live too", message_format="text")

    expect(page.get_by_text("live too", exact=True)).to_be_visible()
    expect(page.locator("textarea")).to_have_count(0)
