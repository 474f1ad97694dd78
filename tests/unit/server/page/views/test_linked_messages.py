from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest

from hipkit.server.events.posted import PostedMessage
from hipkit.server.services.messages.signed_links import open_message_links
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor
from tests.unit.server.services.files.test_uploads import WEB_CLIENT, share
from tests.unit.server.services.messages.test_posting import CARD
from tests.unit.server.services.senders.sending import MakeSite


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    opened = make_site(public_url="https://chat.test")
    opened.add_room("Ops")
    return opened


@pytest.fixture
def visitor(site: Site) -> Visitor:
    return Visitor(site, scheme="https")


def notify(site: Site, **body: Any) -> dict[str, Any]:
    assert site.post("/v2/room/Ops/notification", body).status == 204
    found: dict[str, Any] = site.messages("Ops")[-1]
    return found


def path_of(site: Site, message: dict[str, Any]) -> str:
    links = asyncio.run(open_message_links(site.server.runtime))
    assert links is not None
    posted = PostedMessage(
        id=message["id"], sent_us=site.now_us, kind="message", body="", sender=""
    )
    return urlsplit(links.message(posted)).path


def test_whoever_has_the_link_sees_the_message_and_nothing_else(
    site: Site, visitor: Visitor
) -> None:
    parent = notify(site, message="said before")
    message = notify(
        site,
        message="<b>down</b>",
        color="red",
        attach_to=parent["id"],
        **{"from": "CI"},
    )
    notify(site, message="said after")

    page = visitor.get(path_of(site, message))

    assert page.status == 200
    assert "<b>down</b>" in page.text
    assert "color-red" in page.text
    assert "CI" in page.text
    assert "said" not in page.text.replace('"said"', "")
    assert "Ops" not in page.text


def test_a_card_is_shown(site: Site, visitor: Visitor) -> None:
    message = notify(site, message="built", card=CARD)

    assert "Build 7" in visitor.get(path_of(site, message)).text


def test_a_file_comes_with_its_message_and_keeps_its_own_address_secret(
    site: Site, visitor: Visitor
) -> None:
    share(site, WEB_CLIENT)
    message = site.messages("Ops")[-1]
    key = message["file"]["url"].split("/")[-2]
    path = path_of(site, message)

    page = visitor.get(path)
    sent = visitor.client.get(f"{path}/file")

    assert f'href="{path}/file"' in page.text
    assert key not in page.text
    assert sent.status_code == 200
    assert sent.content == site.get(f"/files/{key}/a").body
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert sent.headers["Cache-Control"] == "no-store"


def test_neither_other_servers_nor_search_engines_learn_the_address(
    site: Site, visitor: Visitor
) -> None:
    share(site, WEB_CLIENT)
    path = path_of(site, site.messages("Ops")[-1])

    for target in (path, f"{path}/file"):
        headers = visitor.client.get(target).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert headers["Cache-Control"] == "no-store"


def test_a_changed_link_and_a_message_without_a_file_are_not_found(
    site: Site, visitor: Visitor
) -> None:
    path = path_of(site, notify(site, message="up"))

    for target in (f"{path}x", f"{path}/file", f"{path[:-43]}{'A' * 43}"):
        assert visitor.get(target).status == 404


def test_who_is_signed_in_sees_the_same(site: Site, visitor: Visitor) -> None:
    site.add_user("ann", mention_name="ann")
    path = path_of(site, notify(site, message="up"))
    before = visitor.get(path).text

    visitor.sign_in("ann")

    assert visitor.get("/account").status == 200
    assert visitor.get(path).text == before


def test_what_was_sent_runs_nothing(site: Site, visitor: Visitor) -> None:
    message = notify(site, message='<a href="javascript:x()">x</a><script>x()</script>')

    page = visitor.client.get(path_of(site, message))

    assert "javascript:" not in page.text
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
