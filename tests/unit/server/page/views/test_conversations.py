"""What rooms and guest pages share: the part to show, pictures, and streams."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor


@pytest.mark.parametrize(
    "query",
    [
        *("at=nothing", "before=x", "after=-1", "before=" + "9" * 40),
        *("before=" + "0" * 20 + "9" * 40, "after=" + "0" * 5000),
    ],
)
def test_an_invalid_address_gets_an_error(site: Site, ann: Visitor, query: str) -> None:
    room = site.add_room("Ops")

    assert ann.get(f"/rooms/{room}?{query}").status in (400, 404)


@pytest.mark.parametrize(
    ("wanted", "sources"), [(False, "'self'"), (True, "'self' https: http:")]
)
def test_outside_pictures_are_loaded_only_where_the_operator_allows_them(
    make_site: Callable[..., Site], wanted: bool, sources: str
) -> None:
    site = make_site(outside_pictures=wanted)
    room = site.add_room("Ops")
    picture = '<img src="https://a.example/x.png">'
    site.post("/v2/room/Ops/notification", {"message": picture})
    site.add_user("ann", mention_name="ann")
    ann = Visitor(site)
    ann.take_session("ann")

    answer = ann.get(f"/rooms/{room}")

    assert f"img-src {sources};" in answer.headers["content-security-policy"] + ";"
    assert ('<img src="https://a.example/x.png"' in answer.text) is wanted


def test_a_stopping_server_opens_no_stream(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    site.server.stop()

    answer = ann.get(f"/feed?room={room}")

    assert answer.status == 503
    assert answer.headers["retry-after"] == "10"


def test_head_opens_no_stream(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")

    response = ann.client.head(f"/feed?room={room}")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
