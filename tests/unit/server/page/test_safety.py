from __future__ import annotations

import pytest

from hipkit.server.page.application import MODULES
from hipkit.server.page.visit import ViewRoute
from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import PASSWORD, Visitor

VIEWS = [route for module in MODULES for route in module.VIEWS]
NUMBERS = dict.fromkeys(
    ("room_id", "token_id", "session_id", "refresh_id", "webhook_id", "delivery_id"),
    "1",
)


def path_of(route: ViewRoute) -> str:
    path = route.path
    for name, number in NUMBERS.items():
        path = path.replace(f"{{{name}}}", number)
    return path


def names(route: ViewRoute) -> str:
    return f"{route.methods[0]} {route.path}"


CHANGING = [route for route in VIEWS if "POST" in route.methods]
PRIVATE = [route for route in VIEWS if not route.is_public]


@pytest.mark.parametrize("route", CHANGING, ids=names)
def test_no_form_is_taken_without_the_proof_that_it_is_ours(
    root: Visitor, route: ViewRoute
) -> None:
    answer = root.send(path_of(route), {"csrf": "0" * 64})

    assert answer.status == 403
    assert "This form is from before" in answer.text


@pytest.mark.parametrize("route", CHANGING, ids=names)
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://evil.test"},
        {"origin": "null"},
    ],
    ids=str,
)
def test_no_form_is_taken_from_another_sites_page(
    root: Visitor, route: ViewRoute, headers: dict[str, str]
) -> None:
    proof = root.get("/account").form("/account/password")["csrf"]

    answer = root.send(path_of(route), {"csrf": proof}, **headers)

    assert answer.status == 403
    assert "another site" in answer.text


def test_another_persons_proof_is_none(ann: Visitor, root: Visitor) -> None:
    proof = root.get("/account").form("/account/password")["csrf"]

    assert ann.send("/tokens", {"csrf": proof, "name": "x"}).status == 403


def test_nobody_is_signed_in_by_a_form_of_another_site(
    site: Site, visitor: Visitor
) -> None:
    site.add_user("ann", mention_name="ann", password=PASSWORD)
    elsewhere = Visitor(site).get("/sign-in").form("/sign-in")

    answer = visitor.send(
        "/sign-in", {**elsewhere, "name": "ann", "password": PASSWORD}
    )

    assert answer.status == 403


def test_a_script_of_ours_proves_itself_by_a_header(ann: Visitor) -> None:
    proof = ann.get("/account").form("/account/password")["csrf"]

    answer = ann.send("/sign-out", {}, x_csrf_token=proof, hx_request="true")

    assert answer.headers["hx-redirect"] == "/sign-in"


@pytest.mark.parametrize("route", PRIVATE, ids=names)
def test_who_is_not_signed_in_is_asked_who_they_are(
    visitor: Visitor, route: ViewRoute
) -> None:
    proof = visitor.get("/sign-in").form("/sign-in")["csrf"]
    path = path_of(route)

    answer = (
        visitor.send(path, {"csrf": proof})
        if "POST" in route.methods
        else visitor.get(path)
    )

    assert answer.status == 303
    assert (answer.location or "").startswith("/sign-in")


@pytest.mark.parametrize(
    "path", ["/account", "/tokens", "/calls", "/webhooks", "/clients"]
)
def test_guests_have_a_room_and_no_account(sign_in: MakeVisitor, path: str) -> None:
    assert sign_in("gus", is_guest=True).get(path).status == 403


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


def test_pages_are_not_kept_and_static_files_are(ann: Visitor) -> None:
    page = ann.get("/account")
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]

    style = ann.get(address)

    assert page.headers["cache-control"] == "no-store"
    assert "immutable" in style.headers["cache-control"]
    assert style.headers["content-type"] == "text/css; charset=utf-8"


def test_a_page_has_no_script_or_style_of_its_own_inside(root: Visitor) -> None:
    for route in VIEWS:
        if (
            "GET" not in route.methods
            or "{" in path_of(route)
            or "stream" in route.path
        ):
            continue
        text = root.get(path_of(route)).text
        assert "<style" not in text, route.path
        assert " style=" not in text, route.path
        assert "<script>" not in text, route.path
        assert " onclick" not in text, route.path


def test_what_people_are_called_is_not_run(site: Site, sign_in: MakeVisitor) -> None:
    name = "<script>alert(1)</script>"
    eve = sign_in("eve", title=name)

    text = eve.get("/account").text

    assert name not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("path", ["/nothing", "/static/x/../../app.py", "/account/x"])
def test_an_unknown_address_is_a_page_that_says_so(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status == 404


def test_a_form_that_is_too_large_is_refused(ann: Visitor) -> None:
    answer = ann.send("/tokens", {"name": "x" * 1_100_000})

    assert answer.status == 413


def test_a_form_that_is_no_text_is_refused(ann: Visitor) -> None:
    response = ann.client.post(
        "/tokens",
        content=b"name=%ff&csrf=1",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    assert response.status_code == 400


def test_a_browser_that_got_a_proof_keeps_the_cookie_to_it(visitor: Visitor) -> None:
    assert any(
        cookie.startswith("hipkit-visitor=")
        for cookie in visitor.get("/sign-in").cookies
    )
    assert visitor.get("/sign-in").cookies == []
