"""Style sheets and scripts of the page."""

from __future__ import annotations

import pytest

from hipkit.server.page.static_files import StaticFiles
from tests.unit.server.page.visitor import Visitor


def test_a_static_file_is_cached_for_good_in_its_version_only(ann: Visitor) -> None:
    page = ann.get("/account")
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]

    style = ann.get(address)
    other = ann.get("/static/another-version/style.css")

    assert page.headers["cache-control"] == "no-store"
    assert "immutable" in style.headers["cache-control"]
    assert other.headers["cache-control"] == "no-cache"
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.text == other.text


def test_the_address_of_a_file_leads_to_it() -> None:
    static = StaticFiles()

    answer = static.find(static.address("icon.svg"))

    assert answer is not None
    assert answer.body.startswith(b"<svg")


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/../../app.py",
        "/static/x/app.py",
        "/static/style.css",
        "/static/",
        "/",
    ],
)
def test_no_other_path_leads_to_a_file(path: str) -> None:
    assert StaticFiles().find(path) is None
