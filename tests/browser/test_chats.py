"""Private chats, and files in the composer, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Served
from tests.browser.test_rooms import listening, make_room

HANDLER = '<img src=x onerror="window.hacked = 1">.txt'

# A browser's own way: no test can put a file on the clipboard or drag one from a folder.
DROP = """([name, size]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(size)], name));
    for (const kind of ["dragover", "drop"]) {
        document.getElementById("log").dispatchEvent(new DragEvent(
            kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
}"""
PASTE = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(10)], name, { type: "image/png" }));
    if (text) transfer.setData("text/plain", text);
    document.querySelector(".composer textarea").dispatchEvent(new ClipboardEvent(
        "paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


def user_id(served: Served, name: str) -> int:
    return int(json.loads(served.running.call("GET", f"/user/@{name}")[2])["id"])


def send_files(page: Page, *files: tuple[str, bytes]) -> None:
    page.locator(".composer input[type=file]").set_input_files(
        [
            FilePayload(name=name, mimeType="text/plain", buffer=content)
            for name, content in files
        ]
    )


def shared(page: Page) -> list[str]:
    return page.locator(".message .shared .name").all_inner_texts()


@pytest.fixture
def room(signed_in: Page, served: Served, request: pytest.FixtureRequest) -> Page:
    """A room of its own for each test, open and live."""
    listening(signed_in, make_room(served, request.node.name[-50:]))
    return signed_in


def test_two_people_talk_in_private(
    open_page: Callable[..., Page], sign_in: Callable[..., Page], served: Served
) -> None:
    made = served.admin("user", "add", "Jane Doe", "jane@example.com")
    password = served.admin("user", "password", "jane@example.com")["password"]
    mine = sign_in(open_page())
    hers = sign_in(open_page(), "jane@example.com", str(password))
    with mine.expect_response(lambda response: "/feed" in response.url):
        mine.goto(f"/chats/{made['id']}")
    with hers.expect_response(lambda response: "/feed" in response.url):
        hers.goto("/chats/1")

    mine.get_by_label("Message", exact=True).fill("Hello Jane")
    mine.keyboard.press("Enter")
    expect(hers.locator(".message", has_text="Hello Jane")).to_be_visible()
    hers.get_by_label("Message", exact=True).fill("/topic is only text here")
    hers.keyboard.press("Enter")

    expect(mine.locator(".message", has_text="/topic is only text")).to_be_visible()


def test_a_chosen_file_goes_with_the_text(room: Page) -> None:
    box = room.get_by_label("Message", exact=True)
    box.fill("the report")
    send_files(room, ("report.txt", b"all is well"))
    expect(room.locator(".chosen li")).to_contain_text("report.txt")

    room.get_by_role("button", name="Send", exact=True).click()

    message = room.locator(".message", has_text="the report")
    expect(message.locator(".shared .name")).to_have_text("report.txt")
    expect(room.locator(".chosen li")).to_have_count(0)
    expect(box).to_have_value("")


def test_several_files_are_sent_one_after_the_other(room: Page) -> None:
    box = room.get_by_label("Message", exact=True)
    box.fill("three")
    send_files(room, ("1.txt", b"1"), ("2.txt", b"22"), ("3.txt", b"333"))
    expect(room.locator(".chosen li")).to_have_count(3)
    room.get_by_role("button", name="Remove 2.txt").click()

    box.press("Enter")

    expect(room.locator(".message .shared")).to_have_count(2)
    assert shared(room) == ["1.txt", "3.txt"]
    expect(room.locator(".message", has_text="three")).to_have_count(1)


def test_files_are_dropped_anywhere_and_pasted(room: Page) -> None:
    room.evaluate(DROP, ["dropped.txt", 100])
    room.evaluate(PASTE, ["image.png", ""])
    expect(room.locator(".chosen li")).to_have_count(2)

    room.get_by_label("Message", exact=True).press("Enter")

    expect(room.locator(".message .shared")).to_have_count(2)
    first, second = shared(room)
    assert first == "dropped.txt"
    assert second.startswith("screenshot-20")
    assert second.endswith(".png")


def test_pasted_text_with_a_picture_of_it_is_text(room: Page) -> None:
    room.evaluate(PASTE, ["image.png", "1\t2"])

    expect(room.locator(".chosen li")).to_have_count(0)


def test_a_file_that_is_too_large_is_named_before_it_is_sent(room: Page) -> None:
    room.evaluate(DROP, ["huge.bin", 53 * 1024 * 1024])

    expect(room.locator(".composer-problem")).to_contain_text(
        "“huge.bin” is too large: 56 MB, and a file may have 52 MB."
    )
    expect(room.locator(".chosen li")).to_have_count(0)


def test_a_sent_file_that_the_server_refuses_stays_chosen(
    room: Page, served: Served
) -> None:
    box = room.get_by_label("Message", exact=True)
    box.fill("keep me")
    send_files(room, ("a.txt", b"x"))
    number = int(room.url.rsplit("/", 1)[1])
    assert served.call("DELETE", f"/room/{number}") == 204

    box.press("Enter")

    expect(room.locator("#problem")).to_be_visible()
    expect(box).to_have_value("keep me")
    expect(room.locator(".chosen li")).to_have_count(1)
    expect(room.get_by_role("button", name="Send", exact=True)).to_be_enabled()


def test_progress_is_shown_and_a_file_can_be_cancelled(room: Page) -> None:
    # Held on its way, as a slow network would hold it.
    held = []
    room.route("**/messages", lambda route: held.append(route))
    box = room.get_by_label("Message", exact=True)
    send_files(room, ("slow.txt", b"x" * 1000))
    box.press("Enter")
    expect(room.get_by_role("progressbar", name="Sending slow.txt")).to_be_visible()
    box.fill("typed meanwhile")
    box.press("Enter")

    room.get_by_role("button", name="Cancel slow.txt").click()

    expect(room.locator(".chosen li")).to_have_count(0)
    expect(box).to_have_value("typed meanwhile")
    room.unroute("**/messages")
    box.press("Enter")
    expect(room.locator(".message", has_text="typed meanwhile")).to_be_visible()
    assert shared(room) == []
    assert len(held) == 1


def test_a_name_with_html_is_shown_as_it_is(room: Page) -> None:
    send_files(room, (HANDLER, b"x"))
    expect(room.locator(".chosen bdi")).to_have_text(HANDLER)

    room.get_by_label("Message", exact=True).press("Enter")

    expect(room.locator(".message .shared")).to_have_count(1)
    assert room.evaluate("window.hacked") is None


def test_without_scripts_a_file_is_sent_by_the_form(
    open_page: Callable[..., Page], sign_in: Callable[..., Page], served: Served
) -> None:
    room = make_room(served, "No scripts and files")
    page = sign_in(open_page(java_script_enabled=False))
    page.goto(f"/rooms/{room}")
    send_files(page, ("plain.txt", b"x"))
    page.get_by_label("Message", exact=True).fill("by the form")

    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.locator(".message", has_text="by the form")).to_contain_text(
        "plain.txt"
    )
