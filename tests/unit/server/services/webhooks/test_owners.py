"""What owners of webhooks may see."""

from __future__ import annotations

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.receiving import Receiver
from tests.unit.server.services.webhooks.delivering import (
    deliveries,
)


@pytest.fixture
def site(receiving_site: Site) -> Site:
    return receiving_site


def test_nothing_is_sent_once_the_owner_may_not_see_the_room(
    site: Site, receiver: Receiver
) -> None:
    ann = site.add_user("Ann Lee")
    room_id = site.add_room("Secret", is_private=True)
    site.put(f"/v2/room/{room_id}/member/{ann}", {"room_roles": ["room_admin"]})
    body = {"url": receiver.url, "event": "room_message"}
    token = site.add_token(user=ann)
    reply = site.post(f"/v2/room/{room_id}/webhook", body, token=token)
    site.post(f"/v2/room/{room_id}/message", {"message": "one"})
    site.deliver()
    assert receiver.texts == ["one"]

    site.delete(f"/v2/room/{room_id}/member/{ann}")
    site.post(f"/v2/room/{room_id}/message", {"message": "two"})
    site.deliver()

    assert receiver.all() == []
    newest = deliveries(site, reply.json["id"])[0]
    assert newest.state == "skipped"
    assert newest.problem == "its owner may not see the room any more"


def test_a_client_of_one_room_gets_the_end_of_its_room(
    site: Site, receiver: Receiver
) -> None:
    room_id = site.add_room("Deploys")
    token = site.client_token(["admin_room"], room=room_id)
    body = {"url": receiver.url, "event": "room_deleted"}
    assert site.post(f"/v2/room/{room_id}/webhook", body, token=token).status == 201

    assert site.delete(f"/v2/room/{room_id}").status == 204
    site.deliver()

    assert [one.json["event"] for one in receiver.all()] == ["room_deleted"]
