from __future__ import annotations

import asyncio
import re

import pytest

from hipkit.relay.page.views import VIEWS
from hipkit.relay.routes.registration import register_routes
from hipkit.server.events.posted import POSTED
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import NewDelivery
from hipkit.server.storage.stores.routes import RouteRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from tests.unit.relay.page.conftest import NAME, visitor_named
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor


def route_of(site: Site) -> RouteRecord:
    route = asyncio.run(site.server.database.stores.routes.by_name(NAME))
    assert route is not None
    return route


def address(site: Site) -> str:
    return f"/relay/{route_of(site).id}"


def say(site: Site, text: str, room: str = "Ops") -> None:
    answer = site.post(f"/v2/room/{room}/message", {"message": text})
    assert answer.status == 201, answer.json


def settle(site: Site, state: str, **members: object) -> int:
    """Store that the newest event became something, and return the delivery's number."""

    async def command(stores: Stores) -> int:
        route_id = route_of(site).id
        new = NewDelivery(
            subscription_id=route_id,
            event_id=await stores.events.newest(),
            event=POSTED,
            state=state,
            tries=2,
            tried_us=site.now_us,
            **members,  # type: ignore[arg-type]
        )
        await stores.deliveries.put(new)
        return (await stores.deliveries.of_subscription(route_id, 1))[0].id

    return asyncio.run(site.server.database.write(command))


def test_routes_are_listed_with_what_waits(relay: Site, root: Visitor) -> None:
    say(relay, "one")
    say(relay, "two")

    text = root.get("/relay").text

    assert "ops / &lt;b&gt;night&lt;/b&gt;" in text
    assert "<code>fake</code>" in text
    assert "chat.example.com" in text
    assert "/hook" not in text
    assert re.search(r'data-name="Waiting">\s*2<', text)
    assert 'href="/relay"' in root.get("/people").text


def test_a_route_is_shown_with_its_deliveries_escaped(
    relay: Site, root: Visitor
) -> None:
    say(relay, "<script>alert(1)</script>")
    settle(relay, "refused", status=400, problem="it says no", answer="<i>no</i>")

    text = root.get(address(relay)).text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;i&gt;no&lt;/i&gt;" in text
    assert "it says no" in text
    assert "refused" in text


def test_a_route_is_paused_and_goes_on(relay: Site, root: Visitor) -> None:
    page = address(relay)

    paused = root.fill(page, f"{page}/pause")
    assert paused.location == f"{page}?done=paused"
    assert route_of(relay).held_us is not None
    assert "paused" in root.get("/relay").text

    resumed = root.fill(page, f"{page}/resume")
    assert resumed.location == f"{page}?done=resumed"
    assert route_of(relay).held_us is None


def test_a_route_that_failures_paused_says_why_and_can_be_tried_or_paused(
    relay: Site, root: Visitor
) -> None:
    async def pause(stores: Stores) -> None:
        route = route_of(relay)
        state = SubscriptionState(
            position=route.position,
            next_try_us=relay.now_us + 3_600_000_000,
            paused_us=relay.now_us,
        )
        await stores.subscriptions.set_state(route.id, state)
        await stores.routes.put_answer(
            route.id, status=401, problem="token revoked", now_us=relay.now_us
        )

    asyncio.run(relay.server.database.write(pause))
    page = address(relay)

    assert "token revoked" in root.get("/relay").text
    text = root.get(page).text
    assert "as it keeps failing: it is tried once an hour" in text
    assert f'action="{page}/resume"' in text
    assert f'action="{page}/pause"' in text

    root.fill(page, f"{page}/pause")
    text = root.get(page).text
    assert "by an administrator: what comes waits" in text
    assert f'action="{page}/pause"' not in text


def test_a_route_that_was_removed_has_no_commands(relay: Site, root: Visitor) -> None:
    page = address(relay)
    asyncio.run(register_routes(relay.operator_context(), []))

    text = root.get(page).text
    assert "removed" in text
    assert f'action="{page}/' not in text


@pytest.mark.parametrize("state", ["refused", "set_aside"])
def test_what_was_refused_or_set_aside_is_sent_again(
    relay: Site, root: Visitor, state: str
) -> None:
    say(relay, "hello")
    number = settle(relay, state)
    page = address(relay)

    answer = root.fill(page, f"{page}/deliveries/{number}/send")

    assert answer.location == f"{page}?done=sent"
    assert re.search(r"<dt>Waiting</dt><dd>\s*2<", root.get(page).text)


def test_what_was_delivered_is_not_offered_to_be_sent_again(
    relay: Site, root: Visitor
) -> None:
    say(relay, "hello")
    number = settle(relay, "delivered")
    page = address(relay)

    assert "Send again" not in root.get(page).text
    assert root.send(f"{page}/deliveries/{number}/send", {}).status == 400


def test_texts_of_private_messages_are_withheld(relay: Site, root: Visitor) -> None:
    relay.add_user("other", mention_name="other")
    answer = relay.post("/v2/user/@other/message", {"message": "geheim"})
    assert answer.status == 204
    settle(relay, "refused")

    text = root.get(address(relay)).text

    assert "geheim" not in text
    assert "you may not see its room" in text


def test_only_administrators_see_routes(relay: Site, ann: Visitor) -> None:
    page = address(relay)

    for path in ("/relay", page):
        assert ann.get(path).status == 403
    for action in ("pause", "resume", "deliveries/1/send"):
        assert ann.send(f"{page}/{action}", {}).status == 403
    assert "Relay" not in ann.get("/people").text
    assert visitor_named(relay, "gus", is_guest=True).get("/relay").status == 403
    assert Visitor(relay).get("/relay").location == "/sign-in?next=%2Frelay"


@pytest.mark.parametrize("path", ["/relay/999", "/relay/x"])
def test_a_route_that_is_not_there_is_an_error(root: Visitor, path: str) -> None:
    assert root.get(path).status in (400, 404)


def test_htmx_gets_a_part(relay: Site, root: Visitor) -> None:
    for path in ("/relay", address(relay)):
        part = root.get(path, hx_request="true").text
        assert "<html" not in part
        assert "working" in part


def test_every_view_is_below_the_section() -> None:
    assert all(view.path.startswith("/relay") for view in VIEWS)
    assert not any(view.is_public or view.for_guests for view in VIEWS)
