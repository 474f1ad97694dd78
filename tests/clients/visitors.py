"""Visits the server's page as a browser does, as far as these tests need it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

from tests.clients.surroundings import Surroundings
from tests.e2e.serving import admin


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    place: Surroundings
    cookie: str

    def get(self, path: str) -> str:
        """Return a page, or a part of one."""
        with contextlib.closing(self.place.server.connect()) as connection:
            connection.request("GET", path, headers={"Cookie": self.cookie})
            answer = connection.getresponse()
            page = answer.read().decode()
            assert answer.status == 200, page
            return page

    def send(self, page: str, path: str) -> str:
        """Send a form of a page as it is, and return where the answer leads."""
        fields = HiddenFields(path)
        fields.feed(page)
        headers = {**FORM, "Cookie": self.cookie}
        with contextlib.closing(self.place.server.connect()) as connection:
            connection.request("POST", path, urlencode(fields.found), headers)
            answer = connection.getresponse()
            shown = answer.read().decode()
            assert answer.status == 303, shown
            return answer.getheader("Location") or ""


class HiddenFields(HTMLParser):
    """Finds the hidden fields of the form that posts to a path."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._is_inside = False
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._is_inside = given.get("action") == self._path
        elif tag == "input" and self._is_inside and given.get("type") == "hidden":
            self.found[given.get("name") or ""] = given.get("value") or ""


FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Sec-Fetch-Site": "same-origin",
}


def sign_in(place: Surroundings, name: str, email: str, *options: str) -> Visitor:
    """Create a user, with options of the command for that, and sign in as them."""
    made = admin(place.folder, "user", "add", name, email, *options)
    form = urlencode({"name": email, "password": made["password"]})
    with contextlib.closing(place.server.connect()) as connection:
        connection.request("POST", "/sign-in", form, FORM)
        answer = connection.getresponse()
        answer.read()
        cookie, _, _ = (answer.getheader("Set-Cookie") or "").partition(";")
        assert cookie, answer.status
    return Visitor(place, cookie)
