"""Every request of the page: its view, session, form and errors."""

from __future__ import annotations

import pytest

from hipkit.server.page.sections import load_section
from hipkit.server.page.views import load_routes
from hipkit.server.page.visit import ViewRoute
from tests.browser.pages import PAGES, PARTS
from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.routes import VIEWS, names, path_of
from tests.unit.server.page.visitor import Visitor

PRIVATE = [route for route in VIEWS if not route.is_public]


def test_htmx_gets_an_error_as_one_line(ann: Visitor) -> None:
    taken = ann.send("/sign-out", {}, hx_request="true")
    refused = ann.send("/sign-out", {}, hx_request="true", sec_fetch_site="cross-site")

    assert taken.headers["hx-redirect"] == "/sign-in"
    assert refused.status == 403
    assert refused.headers["hx-retarget"] == "#problem"


@pytest.mark.parametrize("route", PRIVATE, ids=names)
def test_private_views_redirect_to_the_sign_in_page(
    visitor: Visitor, route: ViewRoute
) -> None:
    path = path_of(route)

    answer = visitor.send(path, {}) if route.method == "POST" else visitor.get(path)

    assert answer.status == 303
    assert (answer.location or "").startswith("/sign-in")


@pytest.mark.parametrize(
    "path", ["/account", "/tokens", "/calls", "/webhooks", "/clients"]
)
def test_guests_have_rooms_but_no_account(sign_in: MakeVisitor, path: str) -> None:
    assert sign_in("gus", is_guest=True).get(path).status == 403


def test_a_page_has_no_inline_script_or_style(root: Visitor) -> None:
    for route in VIEWS:
        if (
            route.method != "GET"
            or "{" in path_of(route)
            or route.path.endswith("feed")
        ):
            continue
        text = root.get(path_of(route)).text
        assert "<style" not in text, route.path
        assert " style=" not in text, route.path
        assert "<script>" not in text, route.path
        assert " onclick" not in text, route.path


def test_the_browser_tests_look_at_every_page() -> None:
    routes = load_routes([load_section("hipkit.relay.page")])
    shown = {route.path for route in routes if route.method == "GET"} | {"/..."}

    assert shown - PARTS.keys() == PAGES.keys()
    assert PARTS.keys() <= shown


def test_names_of_users_are_never_read_as_html(
    site: Site, sign_in: MakeVisitor
) -> None:
    name = "<script>alert(1)</script>"
    eve = sign_in("eve", title=name)

    text = eve.get("/account").text

    assert name not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("path", ["/nothing", "/static/x/../../app.py", "/account/x"])
def test_an_unknown_address_gets_an_error_page(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status == 404


def test_a_form_that_is_too_large_is_rejected(ann: Visitor) -> None:
    answer = ann.send("/tokens", {"name": "x" * 1_100_000})

    assert answer.status == 413


def test_a_form_that_is_not_utf_8_is_rejected(ann: Visitor) -> None:
    response = ann.client.post(
        "/tokens",
        content=b"name=%ff",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "origin": ann.origin,
        },
    )

    assert response.status_code == 400


def test_head_is_answered_like_get_but_without_a_body(visitor: Visitor) -> None:
    response = visitor.client.head("/sign-in")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.content == b""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/sign-in", "GET, HEAD, POST"),
        ("/", "GET, HEAD"),
        ("/rooms/21", "GET, HEAD"),
        ("/sign-out", "POST"),
    ],
)
def test_other_methods_get_405_with_those_that_the_path_allows(
    visitor: Visitor, method: str, path: str, allowed: str
) -> None:
    response = visitor.client.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/rooms/message", "/nowhere", "/api/v2/room"])
def test_a_program_that_misses_the_path_gets_json_and_is_recorded(
    site: Site, visitor: Visitor, method: str, path: str
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = visitor.client.request(
        method, path, content=b"room_id=Ops&auth_token=x", headers=form
    )

    assert response.status_code == 404
    assert "the API is below /v2" in response.json()["error"]["message"]
    (call,) = site.calls(None)
    assert (call.method, call.target, call.status) == (method, path, 404)


@pytest.mark.parametrize("path", ["/nowhere", "/api/v2/room"])
def test_a_person_who_misses_the_path_gets_a_page(
    site: Site, visitor: Visitor, path: str
) -> None:
    response = visitor.client.get(path)

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert site.calls(None) == []


def test_a_query_that_cannot_be_read_gets_400_as_plain_text(visitor: Visitor) -> None:
    response = visitor.client.get("/sign-in?next=%00")

    assert response.status_code == 400
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
