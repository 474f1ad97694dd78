"""The built documentation, opened from a folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MILLISECONDS

PHONE = 375


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir"]
    subprocess.run([*command, str(folder)], cwd=repository, check=True)
    return folder


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Open a window; in the end it must not have asked any server for anything."""
    asked: list[str] = []
    context = chromium.new_context(viewport={"width": PHONE, "height": 667})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    context.on("request", lambda request: asked.append(request.url))
    yield context.new_page()
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_the_search_works_from_a_folder(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto((site / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").fill("get_room_statistics")
    found = page.locator(
        ".md-search-result__link[href*='rooms.html#'][href$='.get_room_statistics']"
    )
    found.first.wait_for()


@pytest.mark.parametrize(
    "path", ["index.html", "reference/operations.html", "reference/client.html"]
)
def test_a_page_is_as_wide_as_a_phone(path: str, page: Page, site: Path) -> None:
    page.goto((site / path).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE


def test_an_operation_links_the_model_that_it_returns(page: Page, site: Path) -> None:
    operations = (site / "reference" / "operations" / "rooms.html").as_uri()
    page.goto(f"{operations}#hipkit.v2.rooms.Rooms.get_room")
    page.locator("a[href$='models.html#hipkit.v2.models.Room']").first.click()
    page.wait_for_url("**/models.html#hipkit.v2.models.Room")
    page.locator("[id='hipkit.v2.models.Room']").wait_for()
