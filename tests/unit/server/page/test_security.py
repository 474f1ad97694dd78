"""Headers, cookies, and the origin of forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from hipkit.server.http.requests import Request, Scope
from hipkit.server.page.security import read_cookie
from tests.unit.server.asgi import PASSWORD, Site
from tests.unit.server.page.routes import VIEWS, path_of
from tests.unit.server.page.visitor import Answer, Visitor

Headers = Mapping[str, str] | list[tuple[str, str]]
SAFE_METHODS = {"GET", "HEAD"}
CHANGES = [
    (route.method, path_of(route))
    for route in VIEWS
    if route.method not in SAFE_METHODS
]
OWN = "http://chat.test"


async def receive() -> dict[str, object]:
    raise AssertionError("a cookie needs no body")


FROM_ELSEWHERE = [
    {"sec-fetch-site": "cross-site"},
    {"origin": "http://evil.test"},
    {"origin": "null"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": ""},
    {"sec-fetch-site": "cross-site", "origin": OWN},
    {"sec-fetch-site": "none", "origin": OWN},
    {"origin": "http://chat.test.evil.test"},
    {"origin": "http://evil.test/chat.test"},
    {"origin": "http://user@chat.test"},
    {"origin": "http://chat.test:8070"},
    {"origin": "http://chat.test:443"},
    {"origin": "http:///"},
    {"origin": "http://"},
    {"origin": "chat.test"},
    {"origin": "//chat.test"},
    {"origin": "ftp://chat.test"},
    {"origin": f"{OWN}, http://evil.test"},
    {"origin": ""},
]


def send_as_it_is(
    visitor: Visitor, path: str, headers: Headers, method: str = "POST"
) -> Answer:
    """Send an empty form with these headers alone, so without the browser's own `Origin`."""
    return Answer(visitor.client.request(method, path, data={}, headers=headers))


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_no_view_accepts_a_form_of_another_site(
    visitor: Visitor, root: Visitor, method: str, path: str
) -> None:
    for somebody in (visitor, root):
        for headers in FROM_ELSEWHERE[:3]:
            answer = send_as_it_is(somebody, path, headers, method)
            assert answer.status == 403, headers
            assert "another site" in answer.text, headers


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_only_the_pages_own_origin_is_accepted(ann: Visitor, headers: Headers) -> None:
    answer = send_as_it_is(ann, "/account/sessions/end", headers)

    assert answer.status == 403
    assert "another site" in answer.text


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_no_view_accepts_a_form_without_an_origin(
    visitor: Visitor, root: Visitor, method: str, path: str
) -> None:
    for somebody in (visitor, root):
        answer = send_as_it_is(somebody, path, {}, method)
        assert answer.status == 403
        assert "Use a newer browser" in answer.text
        assert "programs use the API with a token" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OWN},
        {"origin": "HTTP://Chat.Test"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "origin": OWN},
        # A proxy that passes on another host leaves the browser's own comparison as it is.
        {"sec-fetch-site": "same-origin", "host": "inside", "origin": OWN},
        {"host": "chat.test:443", "origin": "https://chat.test"},
        {"host": "chat.test:80", "origin": "http://chat.test"},
        {"host": "[::1]:8070", "origin": "http://[::1]:8070"},
        # Some proxies speak TLS and do not say so.
        {"origin": "https://chat.test"},
    ],
    ids=str,
)
def test_a_form_of_the_page_is_accepted(ann: Visitor, headers: Headers) -> None:
    answer = send_as_it_is(ann, "/account/sessions/end", headers)

    assert answer.location == "/account?done=sessions"


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        [("origin", OWN), ("origin", "http://evil.test")],
        [("host", ""), ("origin", "null")],
        [("host", ""), ("origin", "http://")],
    ],
    ids=str,
)
def test_headers_that_no_browser_sends_are_rejected(
    ann: Visitor, headers: list[tuple[str, str]]
) -> None:
    assert send_as_it_is(ann, "/account/sessions/end", headers).status == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://chat.example.com", 303),
        ("https://chat.test", 303),
        ("http://chat.example.com", 403),
        ("http://chat.test", 403),
        ("https://example.com", 403),
    ],
)
def test_the_public_address_is_accepted_over_tls_only(
    make_site: Callable[..., Site], origin: str, status: int
) -> None:
    site = make_site(public_url="https://chat.example.com")
    visitor = Visitor(site)

    assert send_as_it_is(visitor, "/sign-out", {"origin": origin}).status == status


def test_a_form_of_another_site_signs_nobody_in(site: Site, visitor: Visitor) -> None:
    site.add_user("ann", mention_name="ann")
    fields = {"name": "ann", "password": PASSWORD}

    answer = visitor.send("/sign-in", fields, origin="http://evil.test")

    assert answer.status == 403
    assert answer.cookies == []
    assert visitor.send("/sign-in", fields).status == 303


@pytest.mark.parametrize(
    "path", ["/sign-in", "/account", "/nothing", "/static/x/style.css", "/static/x/y"]
)
def test_every_answer_has_the_safe_headers(ann: Visitor, path: str) -> None:
    headers = ann.get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_visitors_who_are_not_signed_in_get_no_cookie(visitor: Visitor) -> None:
    assert visitor.get("/sign-in").cookies == []


def test_a_cookie_is_found_among_others_by_its_whole_name() -> None:
    def read(cookie: str, *, is_secure: bool = False) -> str:
        scope: Scope = {"method": "GET", "headers": [(b"cookie", cookie.encode())]}
        request = Request.from_scope(scope, receive)
        return read_cookie(request, is_secure=is_secure)

    assert read("a=1; hipkit-session=x=y;b=2") == "x=y"
    assert read("not-hipkit-session=x") == ""
    assert read("hipkit-session=x", is_secure=True) == ""
    assert read("__Host-hipkit-session=x", is_secure=True) == "x"
