from __future__ import annotations

import asyncio

import pytest

from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import NewDelivery
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Answer, Visitor

URL = "http://93.184.216.34/hook?key=secret"


def make(site: Site, room: str, name: str = "Relay") -> int:
    body = {"url": URL, "event": "room_message", "name": name}
    made = site.post(f"/v2/room/{room}/webhook", body)
    assert made.status == 201, made.json
    number: int = made.json["id"]
    return number


def deliver(site: Site, webhook_id: int, room: str) -> int:
    """Let something happen, and note that it was delivered."""
    site.post(f"/v2/room/{room}/message", {"message": "<b>disk</b> full"})

    async def command(stores: Stores) -> int:
        webhook = await stores.webhooks.get(webhook_id)
        assert webhook is not None
        delivery = NewDelivery(
            subscription_id=webhook_id,
            event_id=webhook.position + 1,
            event="room_message",
            state="delivered",
            tries=1,
            status=200,
            answer="thanks",
            tried_us=site.now_us,
        )
        await stores.deliveries.put(delivery)
        return (await stores.deliveries.of_subscription(webhook_id, 1))[0].id

    return asyncio.run(site.server.database.write(command))


def press(visitor: Visitor, page: str, action: str) -> Answer:
    return visitor.send(action, visitor.get(page).form(action))


def test_a_webhook_is_shown_with_its_deliveries_but_without_secrets(
    site: Site, root: Visitor
) -> None:
    site.add_room("Ops")
    number = make(site, "Ops")
    deliver(site, number, "Ops")

    text = root.get(f"/webhooks/{number}").text

    assert "http://93.184.216.34/hook" in root.get("/webhooks").text
    assert "delivered" in text
    assert "thanks" in text
    assert "&lt;b&gt;disk&lt;/b&gt; full" in text
    assert "secret" not in text


def test_a_delivery_is_sent_again(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    number = make(site, "Ops")
    delivery = deliver(site, number, "Ops")
    page = f"/webhooks/{number}"

    answer = press(root, page, f"{page}/deliveries/{delivery}/send")

    assert answer.location == f"{page}?done=sent"
    assert "2 waiting" in root.get(page).text


def test_a_failing_webhook_is_retried_at_once(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    number = make(site, "Ops")
    later_us = site.now_us + 3_600_000_000

    async def fail(stores: Stores) -> None:
        await stores.subscriptions.set_state(
            number,
            SubscriptionState(
                position=0, tries=3, next_try_us=later_us, problem="No answer"
            ),
        )

    asyncio.run(site.server.database.write(fail))
    page = f"/webhooks/{number}"
    assert "No answer" in root.get(page).text

    press(root, page, f"{page}/resume")

    webhook = asyncio.run(site.server.database.stores.webhooks.get(number))
    assert webhook is not None
    assert webhook.next_try_us is not None
    assert webhook.next_try_us < later_us


@pytest.mark.parametrize(("tries", "is_shown"), [(3, True), (0, False)])
def test_the_list_says_why_a_webhook_fails(
    site: Site, root: Visitor, tries: int, is_shown: bool
) -> None:
    """The last problem of one that works again is on its own page only."""
    site.add_room("Ops")
    number = make(site, "Ops")
    reason = "No answer from <example.com>"

    async def command(stores: Stores) -> None:
        state = SubscriptionState(
            position=0,
            tries=tries,
            next_try_us=site.now_us + 1 if tries else None,
            problem=reason,
        )
        await stores.subscriptions.set_state(number, state)

    asyncio.run(site.server.database.write(command))

    shown = "No answer from &lt;example.com&gt;" in root.get("/webhooks").text
    assert shown is is_shown


def test_a_webhook_is_deleted(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    page = f"/webhooks/{make(site, 'Ops')}"

    assert press(root, page, f"{page}/delete").location == "/webhooks?done=webhook"

    assert root.get(page).status == 404


def test_a_webhook_does_not_name_a_room_that_its_owner_has_left(
    site: Site, ann: Visitor
) -> None:
    room, owner = site.add_room("Board", is_private=True), site.add_token(user="@ann")
    member = f"/v2/room/{room}/member/@ann"
    site.put(member, {"room_roles": ["room_member", "room_admin"]})
    body = {"url": URL, "event": "room_message"}
    made = site.post(f"/v2/room/{room}/webhook", body, token=owner).json["id"]
    pages = ("/webhooks", f"/webhooks/{made}")
    assert all("Board" in ann.get(page).text for page in pages)

    site.delete(member)

    for page in pages:
        text = ann.get(page).text
        assert "Board" not in text
        assert "a room that you cannot see" in text


def test_users_see_the_webhooks_of_their_rooms_only(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    site.add_room("Mine", owner="@ann")
    site.add_room("Other")
    mine, other = make(site, "Mine", "Of mine"), make(site, "Other", "Of others")

    page = ann.get("/webhooks").text

    assert "Of mine" in page
    assert "Of others" not in page
    assert ann.get(f"/webhooks/{mine}").status == 200
    for action in ("resume", "delete", "deliveries/1/send"):
        assert ann.send(f"/webhooks/{other}/{action}", {}).status == 404
    assert ann.get(f"/webhooks/{other}").status == 404
    assert sign_in("bob").get(f"/webhooks/{mine}").status == 404


def test_htmx_gets_the_deliveries_only(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    number = make(site, "Ops")

    text = root.get(f"/webhooks/{number}", hx_request="true").text

    assert "<html" not in text
    assert "Deliveries" in text


def test_events_of_a_room_are_hidden_from_an_owner_without_access(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    room = site.add_room("Secret", owner="@ann")
    hook = {"url": URL, "event": "room_message", "name": "Relay"}
    token = site.add_token(user="@ann", scopes=["admin_room"])
    number = site.post("/v2/room/Secret/webhook", hook, token=token).json["id"]
    closed = {
        "name": "Secret",
        "privacy": "private",
        "is_archived": False,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": 1},
    }
    assert site.put(f"/v2/room/{room}", closed).status == 204
    site.delete("/v2/room/Secret/member/@ann")
    deliver(site, number, "Secret")

    assert "disk" in root.get(f"/webhooks/{number}").text
    seen = ann.get(f"/webhooks/{number}")
    assert seen.status == 200
    assert "disk" not in seen.text
