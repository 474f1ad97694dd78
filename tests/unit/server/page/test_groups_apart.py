"""Two groups in one database: who administers one sees and changes nothing of the other."""

from __future__ import annotations

import asyncio
import re

import pytest

from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_key
from hipkit.server.storage.protocol import Stores
from tests.unit.server.page.visitor import Answer, Visitor
from tests.unit.server.two_groups import MARK, Part, World

OTHER = f"{MARK} 1"


def sign_in(world: World, part: Part) -> Visitor:
    """Sign in who administers a group."""
    secret, visitor = new_key(), Visitor(world.site)

    async def command(stores: Stores) -> None:
        group = await stores.groups.get(part.number)
        assert group is not None
        await stores.web_sessions.add(
            hash_token(secret),
            user_id=group.owner_id or 0,
            user_agent="a test",
            address="testclient",
            now_us=world.site.now_us,
        )

    asyncio.run(world.site.server.database.write(command))
    visitor.client.cookies.set("hipkit-session", secret, domain="chat.test")
    return visitor


@pytest.fixture
def stranger(world: World) -> Visitor:
    """The second group's administrator."""
    return sign_in(world, world.second)


def clients(answer: Answer) -> list[str]:
    return re.findall(r'name="client_id" value="([^"]+)"', answer.text)


def test_no_page_shows_anything_of_another_group(
    world: World, stranger: Visitor
) -> None:
    mine = sign_in(world, world.first)
    world.site.get("/v2/room", token=None)
    paths = ["/", "/tokens", "/tokens/group", "/calls", "/clients", "/webhooks"]
    paths += [f"/search?q={MARK.split()[-1]}", "/account", "/calls?token=none"]
    paths += [
        "/calls/tokens",
        "/rooms/new",
        "/webhooks/new",
        "/addons",
        "/addons/install",
    ]
    for kind, pattern in (
        ("/calls/tokens", r'href="(/calls\?token=\d+)"'),
        ("/webhooks", r'href="(/webhooks/\d+)"'),
        ("/people", r'href="(/people/\d+)"'),
        ("/", r'href="(/rooms/\d+)"'),
    ):
        found = re.findall(pattern, mine.get(kind).text)
        assert found or kind == "/"
        paths += found
    for room in world.first.ids.values():
        paths += [
            f"/rooms/{room}",
            f"/rooms/{room}/history",
            f"/rooms/{room}/settings",
            f"/rooms/{room}/topic",
            f"/rooms/{room}/topic/shown",
            f"/search?q=a&room={room}",
        ]

    paths += [f"{path}/settings" for path in paths if re.search(r"hooks/\d", path)]
    for path in paths:
        shown = stranger.get(path)
        assert shown.status in (200, 303, 403, 404), path
        assert OTHER not in shown.text, path


def test_a_client_is_created_and_deleted_in_the_users_group(
    world: World, stranger: Visitor
) -> None:
    mine = sign_in(world, world.first)
    before = clients(mine.get("/clients"))
    own = clients(stranger.get("/clients"))

    made = stranger.fill("/clients", "/clients", name="Mine", scope=["admin_group"])

    assert made.status == 200
    assert before
    assert not set(before) & set(own)
    assert clients(mine.get("/clients")) == before
    assert len(clients(stranger.get("/clients"))) == len(own) + 1
    deleted = stranger.send("/clients/delete", {"client_id": before[0]})
    assert deleted.status == 404
    room: dict[str, str | list[str]] = {
        "name": "Theirs",
        "scope": ["send_notification"],
        "room": str(world.first.ids["open"]),
    }
    assert stranger.send("/clients", room).status == 404
    assert clients(mine.get("/clients")) == before


def test_a_client_of_another_group_cannot_be_authorized(
    world: World, stranger: Visitor
) -> None:
    client = world.site.add_client(["view_room"], redirect_uris=["https://a.test/"])
    question = (
        "/users/authorize?response_type=code&redirect_uri=https%3A%2F%2Fa.test%2F"
        f"&client_id={client.id}"
    )

    assert stranger.get(question).status == 404
    assert sign_in(world, world.first).get(question).status == 200


def test_calls_without_a_token_are_shown_in_the_first_group_only(
    world: World, stranger: Visitor
) -> None:
    world.site.get("/v2/room", token=None)

    assert stranger.get("/calls?token=none").status == 403
    assert sign_in(world, world.first).get("/calls?token=none").status == 200


def test_nothing_of_another_group_is_changed(world: World, stranger: Visitor) -> None:
    mine = sign_in(world, world.first)
    numbers = [world.first.ids[name] for name in ("open", "private", "archived")]
    rooms = [f"/rooms/{number}" for number in numbers]
    people = re.findall(r'href="(/people/\d+)"', mine.get("/people").text)
    hooks = re.findall(r'href="(/webhooks/\d+)"', mine.get("/webhooks").text)
    pages = [*(f"{room}/settings" for room in rooms), *people, *hooks]
    before = [mine.get(page).text for page in pages]
    fields: dict[str, str | list[str]] = {
        "name": "Taken",
        "topic": "taken",
        "email": "taken@example.com",
        "mention_name": "taken",
        "person": "1",
        "role": "room_admin",
        "url": "http://93.184.216.34/",
        "event": "room_message",
        "sure": "on",
    }

    assert people
    assert hooks
    for things, actions in (
        (rooms, ("settings", "topic", "members", "members/1/remove", "delete")),
        (people, ("", "password-link", "delete", "restore")),
        (hooks, ("settings", "resume", "delete")),
    ):
        for thing in things:
            for action in actions:
                path = f"{thing}/{action}".removesuffix("/")
                refused = stranger.send(path, fields)
                assert refused.status in (403, 404), path
                assert OTHER not in refused.text, path
    for number in numbers:
        refused = stranger.send("/webhooks/new", {**fields, "room": str(number)})
        assert refused.status == 404
    assert [mine.get(page).text for page in pages] == before
