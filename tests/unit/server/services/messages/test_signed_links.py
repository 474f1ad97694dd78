from __future__ import annotations

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64encode

import pytest

from hipkit.api.errors import NotFoundError
from hipkit.server.events.posted import PostedMessage
from hipkit.server.services.messages.signed_links import (
    MessageLinks,
    find_linked_message,
    open_message_links,
)
from tests.unit.server.asgi import Site
from tests.unit.server.services.senders.sending import MakeSite

DAY = 24 * 60 * 60


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    opened = make_site(public_url="https://relay.example.com")
    opened.add_room("Ops")
    return opened


def links_of(site: Site) -> MessageLinks:
    found = asyncio.run(open_message_links(site.server.runtime))
    assert found is not None
    return found


def say(site: Site, text: str = "up") -> PostedMessage:
    sent = site.post("/v2/room/Ops/message", {"message": text}).json
    return PostedMessage(
        id=sent["id"], sent_us=site.now_us, kind="message", body=text, sender="x"
    )


def find(site: Site, link: str) -> str:
    message_id, seal = link.split("/m/")[1].split("/")[:2]
    _, message = asyncio.run(find_linked_message(site.context(), message_id, seal))
    return message.body


def test_a_link_leads_to_its_message(site: Site) -> None:
    link = links_of(site).message(say(site, "hello"))

    assert link.startswith("https://relay.example.com/m/")
    assert find(site, link) == "hello"


def test_a_message_always_has_the_same_link(site: Site) -> None:
    message = say(site)
    first = links_of(site).message(message)
    site.clock[0] += DAY

    assert links_of(site).message(message) == first


def test_a_link_ends_after_thirty_days(site: Site) -> None:
    link = links_of(site).message(say(site))
    site.clock[0] += 29.9 * DAY
    assert find(site, link) == "up"

    site.clock[0] += 0.2 * DAY
    with pytest.raises(NotFoundError):
        find(site, link)


def test_nothing_of_a_link_can_be_changed(site: Site) -> None:
    one, other = say(site), say(site, "secret")
    link = links_of(site).message(one)
    expires, _, signature = link.rpartition("/")[2].partition("-")

    for changed in (
        link.replace(one.id, other.id),
        link.replace(f"/{expires}-", f"/{int(expires) + 1}-"),
        link.replace(f"/{expires}-", f"/0{expires}-"),
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        link.replace(signature, ""),
        link.replace(signature, "é" * 43),
        link.replace(one.id, one.id.upper()),
        link.replace(f"/{expires}-", f"/{'٣' * 10}-"),
    ):
        with pytest.raises(NotFoundError):
            find(site, changed)


def test_a_signature_by_another_secret_is_worth_nothing(site: Site) -> None:
    message = say(site)
    links_of(site)
    for secret in ("", "guessed"):
        forged = MessageLinks("https://relay.example.com", secret).message(message)
        with pytest.raises(NotFoundError):
            find(site, forged)


def test_before_any_link_was_made_none_is_valid(site: Site) -> None:
    message = say(site)
    expires = site.now_us // 1_000_000 + 1_000
    text = f"message {message.id} {expires}".encode()
    digest = hmac.new(b"", text, hashlib.sha256).digest()
    seal = f"{expires}-{urlsafe_b64encode(digest).decode().rstrip('=')}"

    with pytest.raises(NotFoundError):
        find(site, f"/m/{message.id}/{seal}")


def test_a_link_ends_with_its_message_and_its_room(site: Site) -> None:
    message = say(site)
    link = links_of(site).message(message)
    site.delete("/v2/room/Ops")

    with pytest.raises(NotFoundError):
        find(site, link)


def test_without_a_public_address_there_are_no_links(make_site: MakeSite) -> None:
    assert asyncio.run(open_message_links(make_site().server.runtime)) is None
