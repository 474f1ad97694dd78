"""The list of conversations by itself, and how it is sorted."""

from __future__ import annotations

import re

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor


def listed(page: str) -> list[str]:
    return re.findall(r'class="room-name">([^<]+)<', page)


def test_the_list_shows_what_its_reader_may_see(
    site: Site, ann: Visitor, root: Visitor, sign_in: MakeVisitor
) -> None:
    site.add_room("Board", is_private=True)
    site.add_room("Ops")
    gus = sign_in("gus", is_guest=True)

    assert listed(ann.get("/sidebar").text) == ["Ops"]
    assert listed(root.get("/sidebar").text) == ["Board", "Ops"]
    assert listed(gus.get("/sidebar").text) == []


def test_the_list_requires_a_session(visitor: Visitor) -> None:
    assert (
        visitor.get("/sidebar", hx_request="true").headers["hx-redirect"] == "/sign-in"
    )


def test_the_list_marks_the_page_that_it_is_beside(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")

    assert ann.get(f"/sidebar?path=/rooms/{room}").text.count("aria-current") == 1
    assert "aria-current" not in ann.get('/sidebar?path="><b>').text


def test_the_order_is_kept_in_the_browser(site: Site, ann: Visitor) -> None:
    site.add_room("Alpha")
    site.add_room("Beta")
    site.post("/v2/room/Beta/notification", {"message": "x"})
    assert listed(ann.get("/account").text) == ["Alpha", "Beta"]

    answer = ann.fill("/account", "/sidebar/sort", sorting="newest")

    assert answer.location == "/account"
    assert "HttpOnly" in answer.cookies[0]
    assert listed(ann.get("/account").text) == ["Beta", "Alpha"]
    ann.fill("/account", "/sidebar/sort", sorting="anything else")
    assert listed(ann.get("/account").text) == ["Alpha", "Beta"]


def test_sorting_leads_to_no_other_site(ann: Visitor) -> None:
    fields = {"sorting": "newest", "back": "//evil.test/"}

    assert ann.send("/sidebar/sort", fields).location == "/"
    other = ann.send("/sidebar/sort", fields, origin="http://evil.test")
    assert other.status == 403
