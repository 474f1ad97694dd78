from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, Served
from tests.browser.receiving import receiving


@pytest.mark.parametrize("answer", ["Allow", "Deny"])
def test_a_program_receives_the_users_answer(
    chromium: Browser, served: Served, answer: str
) -> None:
    with receiving() as back:
        client = served.admin(
            "client",
            "add",
            "Dashboards",
            "--scope",
            "view_room",
            "--redirect-uri",
            back,
        )
        question = {
            "response_type": "code",
            "client_id": str(client["id"]),
            "redirect_uri": back,
            "scope": "view_room",
            "state": "xyz",
        }
        # Not by the fixture: this page does lead elsewhere.
        with chromium.new_context(base_url=served.url) as context:
            page = context.new_page()
            page.goto(f"/users/authorize?{urlencode(question)}")
            page.get_by_label("E-mail address or mention name").fill(EMAIL)
            page.get_by_label("Password").fill(served.password)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text(
                "Allow Dashboards"
            )
            page.get_by_role("button", name=answer).click()

            page.wait_for_url(re.compile("/done"))
            answered = parse_qs(urlsplit(page.url).query)

    assert answered["state"] == ["xyz"]
    assert ("code" in answered) == (answer == "Allow")
    assert ("error" in answered) == (answer == "Deny")


def test_an_administrator_repeats_a_delivery(signed_in: Page, served: Served) -> None:
    served.call("POST", "/room", {"name": "Hooks"})
    body = {"url": "http://127.0.0.1:1/", "event": "room_message", "name": "Relay"}
    assert served.call("POST", "/room/Hooks/webhook", body) == 201
    served.call("POST", "/room/Hooks/message", {"message": "hello"})

    signed_in.goto("/webhooks")
    signed_in.locator("#content").get_by_role("link", name="Relay").click()
    delivery = signed_in.locator("details", has_text="room_message")
    expect(delivery).to_contain_text("waiting")
    delivery.locator("summary").click()
    delivery.get_by_role("button", name="Send again").click()

    expect(signed_in.get_by_role("status")).to_contain_text("queued")
    expect(signed_in.locator("dl")).to_contain_text("2 failed tries")


def test_a_password_link_signs_in_and_works_once(
    open_page: Callable[..., Page], served: Served
) -> None:
    link = served.admin("user", "password-link", EMAIL, "--url", served.url)["link"]
    page = open_page()

    page.goto(str(link))
    page.get_by_label("New password", exact=True).fill(served.password)
    page.get_by_label("Repeat the new password").fill(served.password)
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(str(link))
    expect(page.get_by_role("alert")).to_contain_text("was used already")


@pytest.mark.parametrize(
    "path",
    [
        "/account",
        "/tokens",
        "/tokens/group",
        "/clients",
        "/calls",
        "/calls/tokens",
        "/webhooks",
    ],
)
def test_pages_fit_a_phone(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page], path: str
) -> None:
    page = sign_in(open_page(viewport={"width": 360, "height": 740}))

    page.goto(path)

    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
