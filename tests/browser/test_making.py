"""Rooms, topics, people and webhooks, made and changed in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Served


def open_room(page: Page, served: Served, name: str, topic: str = "") -> None:
    """Open a new room."""
    served.admin("room", "add", name, "--topic", topic)
    page.goto("/search")
    page.get_by_role("link", name=name, exact=True).click()


def expect_settled(page: Page) -> None:
    """Wait for htmx, which takes a moment to make links of a new part its own."""
    expect(page.locator(".htmx-added, .htmx-settling")).to_have_count(0)


def test_the_topic_is_changed_where_it_stands(signed_in: Page, served: Served) -> None:
    page = signed_in
    open_room(page, served, "Topics", "<b>calm</b>")
    topic, box = page.locator("#topic"), page.get_by_label("Topic", exact=True)

    page.get_by_role("link", name="<b>calm</b>").click()
    expect(box).to_be_focused()
    expect(box).to_have_value("<b>calm</b>")
    expect_settled(page)
    box.fill("never mind")
    box.press("Escape")
    expect(topic).to_have_text("<b>calm</b>")
    expect_settled(page)

    page.get_by_role("link", name="<b>calm</b>").press("Enter")
    expect_settled(page)
    box.fill("busy")
    box.press("Enter")
    expect(topic).to_have_text("busy")
    expect(page.get_by_role("link", name="busy", exact=True)).to_be_focused()
    expect(page.locator("#messages")).to_contain_text("changed the topic to busy")


def test_the_composer_takes_topics_and_posts_every_other_command(
    signed_in: Page, served: Served
) -> None:
    page = signed_in
    open_room(page, served, "Commands")
    topic, composer = (
        page.locator("#topic"),
        page.get_by_role("textbox", name="Message"),
    )
    expect(topic).to_have_text("Add a topic")

    composer.fill("/topic freeze")
    composer.press("Enter")
    expect(topic).to_have_text("freeze")
    expect(composer).to_have_value("")

    composer.fill("/topic")
    composer.press("Enter")
    box = page.get_by_label("Topic", exact=True)
    expect(box).to_be_focused()
    expect(box).to_have_value("freeze")
    page.get_by_role("link", name="Cancel").click()

    composer.fill("/topicality freeze")
    composer.press("Enter")
    expect(page.locator("#messages")).to_contain_text("/topicality freeze")
    expect(topic).to_have_text("freeze")

    composer.fill("/topic " + "x" * 251)
    composer.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("250")
    expect(composer).to_have_value("/topic " + "x" * 251)


def test_a_room_is_created_changed_and_deleted(signed_in: Page, served: Served) -> None:
    page = signed_in
    served.admin("user", "add", "Mia Member", "mia@example.com")
    page.goto("/people")
    page.get_by_role("link", name="New room").click()
    page.get_by_label("Name").fill("Plans")
    page.get_by_label("Private").check()
    with page.expect_request(lambda request: request.method == "POST"):
        # The second click of a double click sends nothing.
        page.get_by_role("button", name="Create room").dblclick()
    expect(page.get_by_role("heading", name="Plans")).to_be_visible()
    page.get_by_role("link", name="Settings").click()

    page.get_by_label("Name", exact=True).fill("Secret plans")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("The changes were saved.")
    page.get_by_label("of the new member").fill("@MiaMember")
    page.get_by_role("button", name="Add member").click()
    row = page.get_by_role("row", name="Mia Member")
    expect(row).to_contain_text("member")
    row.get_by_role("button", name="Make an administrator").click()
    expect(row).to_contain_text("administrator")
    page.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)

    page.locator("summary", has_text="Delete").click()
    page.get_by_label("are deleted too").check()
    page.get_by_role("button", name="Delete Secret plans").click()
    expect(page.get_by_text("The room was deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Secret plans")).to_have_count(0)


def test_a_new_person_signs_in_with_the_link(
    signed_in: Page, open_page: Callable[..., Page]
) -> None:
    page = signed_in
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name", exact=True).fill("Nina New")
    page.get_by_label("E-mail address").fill("nina@example.com")
    page.get_by_label("Title").fill("Engineer")
    page.get_by_role("button", name="Add person").click()
    link = page.locator(".copy code").text_content() or ""
    expect(page.get_by_role("button", name="Copy the link")).to_be_visible()

    other = open_page()
    other.goto(link)
    other.get_by_label("New password", exact=True).fill("battery staple")
    other.get_by_label("Repeat the new password").fill("battery staple")
    other.get_by_role("button", name="Set password").click()
    other.goto("/account")
    expect(other.get_by_role("heading", name="Nina New")).to_be_visible()

    other.goto("/people")
    expect(other.get_by_role("link", name="Add a person")).to_have_count(0)
    row = other.get_by_role("row", name="Administrator")
    expect(row.get_by_role("link", name="Private chat")).to_be_visible()


def test_a_webhook_is_created_from_the_rooms_settings_and_changed(
    signed_in: Page, served: Served
) -> None:
    page = signed_in
    open_room(page, served, "Hooks")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Create a webhook").click()
    page.get_by_label("Name").fill("Relay")
    page.get_by_label("URL").fill("http://127.0.0.1:1/hook?key=secret")
    page.get_by_label("Pattern").fill("(")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("alert")).to_contain_text("pattern")
    expect(page.get_by_label("Pattern")).to_have_value("(")
    page.get_by_label("Pattern").fill("^/deploy")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("heading", name="Relay")).to_be_visible()

    page.get_by_role("link", name="Change").click()
    page.get_by_label("Event").select_option("room_topic_change")
    page.get_by_label("Pattern").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("room_topic_change")).to_be_visible()


def test_all_of_it_works_without_scripts(
    open_page: Callable[..., Page], sign_in: Callable[[Page], Page], served: Served
) -> None:
    page = sign_in(open_page(java_script_enabled=False))
    open_room(page, served, "Plain", "calm")

    page.get_by_role("link", name="calm").click()
    page.get_by_label("Topic", exact=True).fill("busy")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#topic")).to_have_text("busy")
    page.get_by_role("textbox", name="Message").fill("/topic")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Topic", exact=True)).to_have_value("busy")
    page.get_by_role("link", name="Cancel").click()

    page.get_by_role("link", name="Settings").click()
    page.locator("summary", has_text="Delete").click()
    page.get_by_label("are deleted too").check()
    page.get_by_role("button", name="Delete Plain").click()
    expect(page.get_by_role("link", name="Plain")).to_have_count(0)
