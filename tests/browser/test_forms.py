"""Forms in a real browser: what it says by itself is enough to know our own from others'."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.conftest import ARGUMENTS, EMAIL, PATIENCE_MILLISECONDS, Served

FORGED = """<!doctype html><form method="post" action="{url}/sign-out"></form>
<script>document.forms[0].submit()</script>"""


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A browser that finds the server by a name as well: then plain HTTP is no secure context."""
    rule = "--host-resolver-rules=MAP chat.test 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=[*ARGUMENTS, rule]
        )
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context()
    opened.set_default_timeout(PATIENCE_MILLISECONDS)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("host", "says_site"), [("127.0.0.1", True), ("chat.test", False)]
)
def test_the_pages_own_forms_are_accepted_and_another_sites_is_not(
    served: Served,
    context: BrowserContext,
    host: str,
    says_site: bool,
) -> None:
    url = served.url.replace("127.0.0.1", host)
    page = context.new_page()
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.goto(f"{url}/sign-in")
        page.get_by_label("E-mail address or mention name").fill(EMAIL)
        page.get_by_label("Password").fill(served.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{url}/")
    headers = sent.value.all_headers()
    assert headers["origin"] == url
    assert ("sec-fetch-site" in headers) is says_site

    context.route(
        "http://evil.test/",
        lambda route: route.fulfill(
            body=FORGED.format(url=url), content_type="text/html"
        ),
    )
    other = context.new_page()
    with other.expect_response(f"{url}/sign-out") as answered:
        other.goto("http://evil.test/", wait_until="commit")
    assert answered.value.status == 403

    page.goto(f"{url}/account")
    assert page.url == f"{url}/account"
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.wait_for_url(f"{url}/sign-in")
