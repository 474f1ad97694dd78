"""A real server, and a real browser that looks at its page.

Where there is no Chromium these tests are skipped by name. The browser lives as long as a
module: while Playwright's own event loop does, no other can run in the same thread.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.e2e.serving import Running, admin, serving

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 20_000

EMAIL = "admin@example.com"

ROUTES = """
[[route]]
name = "ops"
rooms = "*"
to = "mattermost"
url = "file:hook"
allow_private_network = true

[[route]]
name = "nothing yet"
rooms = ["No such room"]
to = "mattermost"
url = "file:hook"
allow_private_network = true
"""
"""One route whose target is not there, and one that takes nothing."""

RULES = """async () => (await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: {"target-size": {enabled: true}},
    resultTypes: ["violations"],
})).violations.flatMap((rule) => rule.nodes.map(
    (node) => `${rule.id}: ${node.html.slice(0, 160)} (${node.failureSummary})`))"""
"""What axe finds on a page that has its script (the fixture `axe`)."""


@dataclass
class Served:
    """A running server, and how its administrator signs in."""

    running: Running
    password: str

    @property
    def url(self) -> str:
        """The page's address, without a slash at the end."""
        return self.running.base_url.removesuffix("/v2")

    def admin(self, *arguments: str) -> dict[str, object]:
        """Run `hipkit admin`."""
        return admin(self.running.folder, *arguments)

    def call(self, method: str, path: str, body: object = None) -> int:
        """Call the API as the administrator, and return the status."""
        return self.running.call(method, path, body)[0]


def find_chromium() -> str | None:
    """Return where Chromium is installed, or `None`."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def enter(page: Page, name: str, password: str) -> Page:
    """Sign somebody in, by the form."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address or mention name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))
    return page


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is installed."""
    if path := find_chromium():
        return path
    pytest.skip(f"no browser, none of {', '.join(NAMES)}: apt install chromium")


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(
    chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server for the tests of one module; each makes the rooms that it needs."""
    folder = tmp_path_factory.mktemp("served")
    folder.joinpath("hook").write_text("http://127.0.0.1:9/hooks/secret")
    folder.joinpath("hook").chmod(0o600)
    folder.joinpath("relay.toml").write_text(ROUTES)
    options = ("--no-rate-limits", "--webhook-network", "127.0.0.0/8")
    with serving(folder, *options, "--relay", "relay.toml") as running:
        made = admin(running.folder, "user", "password", EMAIL)
        yield Served(running, str(made["password"]))


@pytest.fixture
def open_page(chromium: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Opens a window of its own cookies; `open_page(color_scheme="dark")` takes such wishes.

    After the test nothing may have gone wrong inside it: no script's error, nothing that the
    Content-Security-Policy stopped, and no request to anywhere else.
    """
    problems: list[str] = []
    contexts = []

    def on_console(message: ConsoleMessage) -> None:
        # An answer of 4xx is a matter of the test.
        is_answer = message.text.startswith("Failed to load resource")
        # htmx calls a request that the page itself cancels an error; one that fails it names too.
        is_cancelled = message.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))
        if message.type == "error" and not (is_answer or is_cancelled):
            problems.append(message.text)

    def on_request(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(served.url).netloc:
            problems.append(f"asked elsewhere: {request.url}")

    def open_one(**wishes: object) -> Page:
        context = chromium.new_context(base_url=served.url, **wishes)  # type: ignore[arg-type]  # Playwright's own keywords
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.on("request", on_request)
        contexts.append(context)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def sign_in(served: Served) -> Callable[[Page], Page]:
    """Signs the administrator in, in a window."""

    def sign_in_as(
        page: Page, name: str = EMAIL, password: str = served.password
    ) -> Page:
        return enter(page, name, password)

    return sign_in_as


@pytest.fixture
def signed_in(open_page: Callable[..., Page], sign_in: Callable[[Page], Page]) -> Page:
    """A window in which the administrator is signed in."""
    return sign_in(open_page())
