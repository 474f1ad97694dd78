from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hipkit.server.app import open_server
from hipkit.server.services.access.password_links import create_password_link
from hipkit.server.settings import Settings
from tests.unit.server.asgi import PASSWORD, Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor

NEW = "a new long password"
DAY = 24 * 60 * 60


def change(visitor: Visitor, **fields: str) -> int:
    wanted = {"present": PASSWORD, "password": NEW, "again": NEW, **fields}
    return visitor.fill("/account", "/account/password", **wanted).status


def make_link(site: Site, name: str) -> str:
    key = asyncio.run(create_password_link(site.operator_context(), name))
    return f"/set-password?key={key}"


def use_link(visitor: Visitor, link: str, **fields: str) -> int:
    wanted = {"password": NEW, "again": NEW, **fields}
    return visitor.fill(link, "/set-password", **wanted).status


def test_changing_the_password_ends_the_other_sessions_only(
    ann: Visitor, sign_in: MakeVisitor
) -> None:
    other = sign_in("ann")

    assert change(ann) == 303

    assert ann.get("/account").status == 200
    assert other.get("/account").status == 303
    assert other.sign_in("ann").status == 401
    assert other.sign_in("ann", NEW).status == 303


@pytest.mark.parametrize(
    "fields",
    [
        {"present": "wrong"},
        {"present": ""},
        {"again": "something else"},
        {"password": "short", "again": "short"},
        {"password": "", "again": ""},
    ],
)
def test_a_rejected_change_leaves_the_password(
    ann: Visitor, sign_in: MakeVisitor, fields: dict[str, str]
) -> None:
    assert change(ann, **fields) == 400

    sign_in("ann")


def test_guessing_the_current_password_is_limited(ann: Visitor) -> None:
    statuses = {change(ann, present="wrong") for _ in range(21)}

    assert 429 in statuses


def test_the_first_start_returns_a_link_for_the_administrator(tmp_path: Path) -> None:
    settings = Settings(database=tmp_path / "hipkit.db", durable=False)
    server = asyncio.run(open_server(settings))
    site = Site(server, settings.token_file.read_text())
    visitor = Visitor(site)

    assert use_link(visitor, f"/set-password?key={server.new_link_key}") == 303

    assert "admin@example.com" in visitor.get("/account").text
    assert Visitor(site).sign_in("admin@example.com", NEW).status == 303
    server.close()


def test_a_link_sets_the_password_once_and_signs_in(
    site: Site, visitor: Visitor, ann: Visitor
) -> None:
    link = make_link(site, "@ann")

    assert visitor.get(link).status == 200
    assert use_link(visitor, link) == 303
    again = Visitor(site).get(link)

    assert visitor.get("/account").status == 200
    assert ann.get("/account").status == 303
    assert again.status == 410
    assert "was used already" in again.text
    assert "password-link" in again.text


def test_a_link_expires_after_a_day(site: Site, visitor: Visitor, ann: Visitor) -> None:
    link = make_link(site, "@ann")
    form = visitor.get(link).form("/set-password")

    site.clock[0] += DAY + 1
    shown = visitor.get(link)
    used = visitor.send("/set-password", {**form, "password": NEW, "again": NEW})

    assert (shown.status, used.status) == (410, 410)
    assert "older than a day" in shown.text


def test_a_newer_link_replaces_an_older_one(
    site: Site, visitor: Visitor, ann: Visitor
) -> None:
    older, newer = make_link(site, "@ann"), make_link(site, "@ann")

    assert visitor.get(older).status == 410
    assert visitor.get(newer).status == 200


def test_a_new_password_ends_the_links(
    site: Site, visitor: Visitor, ann: Visitor
) -> None:
    link = make_link(site, "@ann")

    change(ann)

    assert visitor.get(link).status == 410


@pytest.mark.parametrize("key", ["", "x", "%00", "a" * 5000])
def test_an_unknown_link_says_what_to_do(visitor: Visitor, key: str) -> None:
    answer = visitor.get(f"/set-password?key={key}")

    assert answer.status in (400, 410)


def test_a_rejected_password_leaves_the_link_valid(
    site: Site, visitor: Visitor, ann: Visitor
) -> None:
    link = make_link(site, "@ann")

    assert use_link(visitor, link, password="x", again="x") == 400
    assert use_link(visitor, link) == 303
