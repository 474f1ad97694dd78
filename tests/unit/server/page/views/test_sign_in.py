from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.unit.server.asgi import PASSWORD, Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor

DAY = 24 * 60 * 60


def session_cookie(visitor: Visitor) -> str:
    return next(
        cookie.value or ""
        for cookie in visitor.client.cookies.jar
        if cookie.name.endswith("hipkit-session")
    )


@pytest.mark.parametrize("name", ["ann@example.com", "ann", "@ann", "ANN"])
def test_users_sign_in_by_address_or_mention_name(
    site: Site, visitor: Visitor, name: str
) -> None:
    site.add_user("ann", mention_name="ann")

    answer = visitor.sign_in(name)

    assert (answer.status, answer.location) == (303, "/")
    assert "ann@example.com" in visitor.get("/account").text


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", "")],
)
def test_an_unknown_name_and_a_wrong_password_get_the_same_error(
    site: Site, visitor: Visitor, name: str, password: str
) -> None:
    site.add_user("ann", mention_name="ann")

    answer = visitor.sign_in(name, password)

    assert answer.status == 401
    assert "The name or the password is wrong." in answer.text
    assert visitor.get("/account").location == "/sign-in?next=%2Faccount"


def test_guessing_one_password_is_limited(site: Site, visitor: Visitor) -> None:
    site.add_user("ann", mention_name="ann")

    for _ in range(20):
        visitor.sign_in("ann", "wrong")
    answer = visitor.sign_in("ann")

    assert answer.status == 429
    assert "Wait five minutes" in answer.text
    site.clock[0] += 301
    assert visitor.sign_in("ann").status == 303


def test_guessing_many_passwords_from_one_address_is_limited(
    visitor: Visitor,
) -> None:
    statuses = [visitor.sign_in(f"name{number}", "").status for number in range(101)]

    assert statuses == [401] * 100 + [429]


@pytest.mark.parametrize(
    ("wanted", "gets"),
    [
        ("/tokens?x=1&y=%2F", "/tokens?x=1&y=%2F"),
        ("//evil.test/", "/"),
        ("/\\evil.test/", "/"),
        ("https://evil.test/", "/"),
        ("/\t/evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_redirects_within_the_page_only(
    site: Site, visitor: Visitor, wanted: str, gets: str
) -> None:
    site.add_user("ann", mention_name="ann")

    answer = visitor.fill(
        "/sign-in", "/sign-in", name="ann", password=PASSWORD, next=wanted
    )

    assert answer.location == gets


def test_the_cookie_is_http_only_and_same_site(visitor: Visitor) -> None:
    visitor.site.add_user("ann", mention_name="ann")

    cookie = visitor.sign_in("ann").cookies[0]

    assert cookie.startswith("hipkit-session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(site: Site) -> None:
    site.add_user("ann", mention_name="ann")

    cookie = Visitor(site, "https").sign_in("ann").cookies[0]

    assert cookie.startswith("__Host-hipkit-session=")
    assert "Secure" in cookie


def test_the_database_holds_no_secret_of_a_session(site: Site, ann: Visitor) -> None:
    secret = session_cookie(ann)

    site.server.close()

    folder = site.server.settings.database.parent
    with closing(sqlite3.connect(site.server.settings.database)) as database:
        stored = "\n".join(database.iterdump())
    assert secret not in stored
    assert all(
        secret.encode() not in file.read_bytes() for file in folder.glob("*.db*")
    )


def test_signing_in_changes_the_secret(ann: Visitor) -> None:
    before = session_cookie(ann)

    ann.send("/sign-out", {})
    ann.sign_in("ann")

    assert session_cookie(ann) != before


def test_a_secret_chosen_by_the_browser_is_not_accepted(
    site: Site, visitor: Visitor
) -> None:
    site.add_user("ann", mention_name="ann")
    visitor.client.cookies.set("hipkit-session", "chosen", domain="chat.test")

    cookie = visitor.sign_in("ann").cookies[0]

    assert "chosen" not in cookie


def test_signing_out_ends_the_session_in_the_database_too(ann: Visitor) -> None:
    secret = session_cookie(ann)

    answer = ann.send("/sign-out", {})
    ann.client.cookies.set("hipkit-session", secret, domain="chat.test")

    assert answer.location == "/sign-in"
    assert ann.get("/account").status == 303


def test_an_unused_session_ends_after_two_weeks(site: Site, ann: Visitor) -> None:
    site.clock[0] += 13 * DAY
    assert ann.get("/account").status == 200
    site.clock[0] += 13 * DAY
    assert ann.get("/account").status == 200

    site.clock[0] += 14 * DAY + 1

    assert ann.get("/account").status == 303


def test_a_used_session_ends_after_ninety_days(site: Site, ann: Visitor) -> None:
    for _ in range(9):
        site.clock[0] += 10 * DAY - 1
        assert ann.get("/account").status == 200

    site.clock[0] += 10

    assert ann.get("/account").status == 303


def test_a_deleted_user_is_signed_out(site: Site, ann: Visitor) -> None:
    site.delete("/v2/user/@ann")

    assert ann.get("/account").status == 303


def test_htmx_without_a_session_is_redirected_to_the_sign_in_page(
    visitor: Visitor,
) -> None:
    answer = visitor.get("/calls?token=1", hx_request="true")

    assert answer.status == 204
    assert answer.headers["hx-redirect"] == "/sign-in"


def test_one_session_is_ended_and_the_others_stay(
    ann: Visitor, sign_in: MakeVisitor
) -> None:
    other = sign_in("ann")
    page = ann.get("/account")
    number = max(
        int(part.split("/")[0])
        for part in page.text.split("/account/sessions/")[1:]
        if part[0].isdigit()
    )
    action = f"/account/sessions/{number}/end"

    ann.send(action, page.form(action))

    assert other.get("/account").status == 303
    assert ann.get("/account").status == 200


def test_users_cannot_end_sessions_of_others(
    ann: Visitor, sign_in: MakeVisitor
) -> None:
    bob = sign_in("bob")

    for number in range(1, 4):
        bob.send(f"/account/sessions/{number}/end", {})

    assert ann.get("/account").status == 200


def test_a_redirect_of_htmx_escapes_the_path(ann: Visitor) -> None:
    answer = ann.get("/sign-in?next=/%E3%80%80x?a=1", hx_request="true")

    assert answer.status == 204
    assert answer.headers["hx-redirect"] == "/%E3%80%80x?a=1"
