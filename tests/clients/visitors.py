"""Visits the server's page as a browser does, as far as these tests need it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
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


def sign_in(place: Surroundings, name: str, email: str) -> Visitor:
    """Create a user, and sign in as them."""
    made = admin(place.folder, "user", "add", name, email)
    form = urlencode({"name": email, "password": made["password"]})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    with contextlib.closing(place.server.connect()) as connection:
        connection.request("POST", "/sign-in", form, headers)
        answer = connection.getresponse()
        answer.read()
        cookie, _, _ = (answer.getheader("Set-Cookie") or "").partition(";")
        assert cookie, answer.status
    return Visitor(place, cookie)
