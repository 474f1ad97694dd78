from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import EMAIL, Served


def test_signing_in_leads_to_the_page_that_was_requested(
    open_page: Callable[..., Page], served: Served
) -> None:
    page = open_page()

    page.goto("/tokens?x=1")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.get_by_label("E-mail address or mention name").fill(EMAIL)
    page.get_by_label("Password").fill(served.password)
    page.keyboard.press("Enter")

    expect(page).to_have_url(served.url + "/tokens?x=1")
    expect(page.get_by_role("heading", name="Tokens", exact=True)).to_be_visible()


def test_the_skip_link_is_first_and_leads_to_the_content(signed_in: Page) -> None:
    signed_in.goto("/account")

    signed_in.keyboard.press("Tab")
    expect(signed_in.get_by_text("Skip to the content")).to_be_focused()
    signed_in.keyboard.press("Enter")

    expect(signed_in.locator("main")).to_be_focused()


def test_a_new_token_is_shown_once_and_its_curl_command_works(
    signed_in: Page, served: Served
) -> None:
    served.call("POST", "/room", {"name": "Curl"})
    signed_in.goto("/tokens")

    form = signed_in.get_by_role("region", name="Create a personal token")
    form.get_by_label("Name").fill("Alerting")
    form.get_by_label("Room to try it in").select_option("Curl")
    form.get_by_role("button", name="Create token").click()
    command = signed_in.locator("pre", has_text="curl").inner_text()
    done = subprocess.run(
        ["sh", "-c", f"{command} -s -o /dev/null -w '%{{http_code}}'"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )

    assert done.stdout == "204"
    signed_in.goto("/tokens")
    expect(signed_in.get_by_role("cell", name=re.compile("Alerting"))).to_be_visible()
    token = re.findall(r"Bearer (\w{40})", command)[0]
    assert token not in signed_in.content()


def test_copying_puts_the_token_on_the_clipboard(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page]
) -> None:
    page = sign_in(open_page(permissions=["clipboard-read", "clipboard-write"]))
    page.goto("/tokens")
    form = page.get_by_role("region", name="Create a personal token")
    form.get_by_label("Name").fill("Copied")
    form.get_by_role("button", name="Create token").click()

    page.get_by_role("button", name="Copy the token").click()

    expect(page.get_by_role("button", name="Copied the token")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("pre").first.inner_text()


def test_a_failed_call_appears_by_itself_with_advice(
    signed_in: Page, served: Served
) -> None:
    served.call("POST", "/room", {"name": "Watched"})
    signed_in.goto("/calls")
    failed = signed_in.locator("#call-counts a", has_text="Failed")
    before = int(failed.locator("b").inner_text())

    served.call("POST", "/room/Watched/notification", {"msg": "no such field"})

    call = signed_in.get_by_role("article").first
    expect(call).to_contain_text("/v2/room/Watched/notification")
    expect(call).to_contain_text("400")
    expect(call.get_by_text("Add the field message")).to_be_visible()
    expect(failed.locator("b")).to_have_text(str(before + 1))
    call.locator("summary").click()
    expect(call).to_contain_text("no such field")
    assert served.running.token not in signed_in.content()
    failed.click()
    expect(call).to_contain_text("/v2/room/Watched/notification")
    expect(signed_in.get_by_role("article")).to_have_count(before + 1)


def test_calls_are_filtered_without_scripts_and_lead_to_their_message(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page], served: Served
) -> None:
    served.call("POST", "/room", {"name": "Leading"})
    served.call("POST", "/room/Leading/message", {"message": "look here"})
    served.call("GET", "/room/Leading")
    page = sign_in(open_page(java_script_enabled=False))
    page.goto("/calls")

    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Operation").select_option("send_message")
    page.get_by_role("button", name="Filter").click()

    expect(page).to_have_url(re.compile("operation=send_message"))
    call = page.get_by_role("article").first
    expect(call).to_contain_text("POST /v2/room/Leading/message")
    call.get_by_role("link", name="look here").click()
    expect(page).to_have_url(re.compile(r"/rooms/\d+\?at="))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Leading")


def test_an_opened_call_stays_open_while_new_ones_appear(
    signed_in: Page, served: Served
) -> None:
    served.call("GET", "/room/nowhere")
    signed_in.goto("/calls")
    call = signed_in.get_by_role("article").filter(has_text="/v2/room/nowhere").first
    call.locator("summary").click()

    served.call("GET", "/room/elsewhere")

    newer = signed_in.get_by_role("article").filter(has_text="/v2/room/elsewhere")
    expect(newer).to_have_count(1)
    expect(call.locator("details")).to_have_attribute("open", "")


def test_a_session_is_ended_from_another_browser(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page]
) -> None:
    here, there = sign_in(open_page()), sign_in(open_page())

    here.goto("/account")
    here.get_by_role("button", name="Sign out everywhere else").click()

    expect(here.get_by_role("status")).to_contain_text("signed out everywhere else")
    there.goto("/account")
    expect(there).to_have_url(re.compile("/sign-in"))


def test_tokens_are_created_and_revoked_without_scripts(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page], served: Served
) -> None:
    page = sign_in(open_page(java_script_enabled=False))

    page.goto("/tokens")
    form = page.get_by_role("region", name="Create a personal token")
    form.get_by_label("Name").fill("Scriptless")
    form.get_by_role("button", name="Create token").click()
    expect(page.locator("pre").first).to_have_text(re.compile(r"^\w{40}$"))
    page.goto("/tokens")
    row = page.get_by_role("row", name=re.compile("Scriptless"))
    row.get_by_role("button", name="Revoke").click()

    expect(page.get_by_role("status")).to_contain_text("revoked")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(served.url + "/sign-in")


def test_advice_stays_where_it_is_when_its_call_is_opened(
    signed_in: Page, served: Served
) -> None:
    served.call("GET", "/room/nowhere%20at%20all")
    signed_in.goto("/calls")
    call = signed_in.get_by_role("article").filter(has_text="nowhere at all").first
    advice = call.get_by_text("No room is called nowhere at all.")
    before = advice.bounding_box()

    call.locator("summary").click()

    expect(call.get_by_label("Response")).to_be_visible()
    assert advice.bounding_box() == before


@pytest.mark.parametrize("width", [1280, 1366, 1440, 1920])
def test_tokens_of_the_group_fit_into_the_window_with_their_buttons(
    signed_in: Page, width: int
) -> None:
    signed_in.set_viewport_size({"width": width, "height": 800})
    signed_in.goto("/calls")
    signed_in.goto("/tokens/group")

    table = signed_in.locator(".table")

    expect(table.get_by_role("button", name="Revoke").first).to_be_visible()
    assert table.evaluate("it => it.scrollWidth - it.clientWidth") == 0
