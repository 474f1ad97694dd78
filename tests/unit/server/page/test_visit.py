"""What views read from a request, and their redirects."""

from __future__ import annotations

import jinja2
import pytest

from hipkit.api.errors import BadRequestError
from hipkit.server.http.requests import Request, Scope
from hipkit.server.http.responses import Answer
from hipkit.server.page.rendering import Renderer
from hipkit.server.page.streams.feed import Feeds
from hipkit.server.page.visit import ViewRoute, Visit, redirect_answer
from tests.unit.server.asgi import Site


async def receive() -> dict[str, object]:
    raise AssertionError("a visit reads no body")


def visit(
    site: Site, path: str = "/rooms/7", query: bytes = b"", *, htmx: bool = False
) -> Visit:
    headers = [(b"host", b"chat.test")]
    if htmx:
        headers.append((b"hx-request", b"true"))
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": headers,
    }
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"message.html": "", "card.html": ""}), autoescape=True
    )
    renderer = Renderer(environment)
    return Visit(
        request=Request.from_scope(scope, receive),
        path=path,
        arguments={"room_id": "7"},
        feeds=Feeds(site.server.database, site.server.runtime.signals, renderer),
        environment=environment,
        context=site.context(),
        fields={"count": ["1", "2"], "name": ["x"]},
    )


def headers_of(answer: Answer) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in answer.headers}


def test_of_several_values_the_last_one_counts(site: Site) -> None:
    one = visit(site, query=b"q=a&q=b")

    assert one.query("q") == "b"
    assert one.query("missing", "default") == "default"
    assert one.field("count") == "2"
    assert one.field("missing") == ""


def test_numbers_come_from_the_path_before_the_form(site: Site) -> None:
    one = visit(site, query=b"after=12")

    assert one.number("room_id") == 7
    assert one.number("count") == 2
    assert one.query_number("after") == 12
    assert one.query_number("missing") == 0


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "\u0661", "9" * 19])
def test_other_texts_are_no_numbers(site: Site, text: str) -> None:
    one = visit(site)
    one.fields = {"count": [text]}

    with pytest.raises(BadRequestError, match="count is not a number"):
        one.number("count")


def test_a_redirect_tells_htmx_to_load_the_page(site: Site) -> None:
    plain = visit(site).redirect("/tokens", done="token")
    htmx = visit(site, htmx=True).redirect("/tokens", done="token")

    assert (plain.status, headers_of(plain)["Location"]) == (303, "/tokens?done=token")
    assert (htmx.status, headers_of(htmx)["HX-Redirect"]) == (204, "/tokens?done=token")


def test_the_sign_in_page_leads_back_unless_a_part_was_asked_for(site: Site) -> None:
    page = visit(site, "/search", b"q=a+b&room=1").redirect_to_sign_in()
    part = visit(site, "/search", b"q=a", htmx=True).redirect_to_sign_in()
    start = visit(site, "/").redirect_to_sign_in()

    assert headers_of(page)["Location"] == (
        "/sign-in?next=%2Fsearch%3Fq%3Da%2Bb%26room%3D1"
    )
    assert headers_of(part)["HX-Redirect"] == "/sign-in"
    assert headers_of(start)["Location"] == "/sign-in"


def test_a_redirect_is_ascii_and_keeps_what_is_escaped() -> None:
    location = headers_of(redirect_answer("/rooms/\u3000?a=%20"))["Location"]

    assert location == "/rooms/%E3%80%80?a=%20"


def test_a_route_matches_whole_paths_with_one_segment_for_each_argument() -> None:
    async def show(visit: Visit) -> Answer:
        return Answer(200)

    route = ViewRoute("/rooms/{room_id}/history", show)

    found = route.pattern.fullmatch("/rooms/7/history")
    assert found is not None
    assert found.groupdict() == {"room_id": "7"}
    for path in ("/rooms/7/history/", "/rooms/7/8/history", "/rooms//history"):
        assert route.pattern.fullmatch(path) is None
