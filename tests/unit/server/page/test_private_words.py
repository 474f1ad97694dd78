"""Rooms and people change at random, and nobody is shown a word that they may not know.

Every name, topic and message holds a word of its own. A model of who may read what says who may
know it; every page of every visitor is searched for words of others.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from hipkit.server.page.streams.stream import FeedTiming
from hipkit.server.services.people.accounts import set_admin
from tests.unit.server.asgi import RawResponse, Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.streams.test_stream import Page, secret_of
from tests.unit.server.page.visitor import Visitor

WORD = re.compile(r"zq[a-z]+\d+")
NUMBER = re.compile(r"\d+")
PEOPLE = ("root", "ann", "bob", "cat", "gus")
STEPS = 60
HOOK = "http://93.184.216.34/"


@dataclass
class Place:
    """A room, or a private chat, whose members are its two users."""

    id: int
    owner: str
    is_private: bool
    is_chat: bool = False
    is_deleted: bool = False
    members: set[str] = field(default_factory=set)
    name: str = ""
    topic: str = ""
    seen_by: set[str] = field(default_factory=set)
    stayed: set[str] | None = None
    """Who could read it all the time."""
    last_word: str = ""
    guest_page: str = ""
    guests_since: int = 0
    """The number of the first word that its guests may know."""

    @property
    def feed(self) -> str:
        return "" if self.is_chat else f"/feed?room={self.id}"


class World:
    """A server, and what everybody in it may know."""

    def __init__(self, site: Site, sign_in: MakeVisitor, seed: int) -> None:
        self.site = site
        self.random = random.Random(seed)  # noqa: S311 - no secret: it chooses what happens
        self.visitors = {
            name: sign_in(name, is_guest=name == "gus", is_group_admin=name == "root")
            for name in PEOPLE
        }
        self.visitors["nobody"] = Visitor(site)
        self.admins = {"root"}
        self.places: list[Place] = []
        self.words: dict[str, tuple[Place, set[str]]] = {}
        """Each word's place, and who could ever know it."""
        self.authors: dict[str, str] = {}
        """Who made up a word, and so always knows it."""
        self.messages: dict[int, list[str]] = {}
        self.ids = {name: self._user_id(name) for name in PEOPLE}
        self.names = {number: name for name, number in self.ids.items()}
        self.tokens = {name: site.add_token(user=f"@{name}") for name in PEOPLE[:-1]}

    def _user_id(self, name: str) -> int:
        user = asyncio.run(self.site.server.database.stores.users.by_mention(1, name))
        assert user is not None
        return user.id

    def may_read(self, name: str, place: Place) -> bool:
        if place.is_deleted or name == "nobody":
            return False
        if place.is_chat:
            return name in place.members
        if name in self.admins or name == place.owner or name in place.members:
            return True
        return not place.is_private and name != "gus"

    def word(self, place: Place, kind: str, by: str = "") -> str:
        new = f"zq{kind}{len(self.words)}"
        self.words[new] = (place, set())
        self.authors[new] = by
        return new

    def note(self) -> None:
        """Note who knows what by now."""
        for place in self.places:
            readers = {name for name in PEOPLE if self.may_read(name, place)}
            place.seen_by |= readers
            place.stayed = readers if place.stayed is None else place.stayed & readers
        for place, known in self.words.values():
            known |= {name for name in PEOPLE if self.may_read(name, place)}

    def step(self, happenings: list[Callable[[], None]]) -> None:
        """Let something happen, and note who knows what by then."""
        self.random.choice(happenings)()
        self.note()
        # Otherwise the limits of calls would keep most of it from happening.
        self.site.clock[0] += 10

    def addresses(self, name: str) -> list[str]:
        """Return the streams of what somebody may read."""
        return [
            one.feed or f"/feed?chat={self.partner(name, one)}"
            for one in self.places
            if self.may_read(name, one)
        ]

    def partner(self, name: str, chat: Place) -> int:
        (other,) = chat.members - {name}
        return self.ids[other]

    def rooms(self) -> list[Place]:
        return [one for one in self.places if not one.is_chat and not one.is_deleted]

    def call(self, method: str, path: str, body: object = None) -> RawResponse:
        reply = self.site.send(method, path, json_body=body)
        assert reply.status < 300, (method, path, reply.body)
        return reply

    # What happens.

    def create_room(self) -> None:
        owner = self.random.choice(PEOPLE[:-1])
        place = Place(0, owner, self.random.random() < 0.7)
        place.members |= {owner}
        reply = self.call(
            "POST",
            "/v2/room",
            {
                "name": self.word(place, "name"),
                "topic": self.word(place, "topic"),
                "privacy": "private" if place.is_private else "public",
                "owner_user_id": self.ids[owner],
            },
        )
        place.id = reply.json["id"]
        self.learn(place)
        self.places.append(place)

    def change_room(self) -> None:
        place = self.random.choice(self.rooms())
        room = self.site.get(f"/v2/room/{place.id}").json
        what = self.random.choice(
            ["name", "topic", "privacy", "owner", "archived", "guests"]
        )
        body = {
            "name": room["name"],
            "topic": room["topic"],
            "privacy": room["privacy"],
            "is_archived": room["is_archived"],
            "is_guest_accessible": room["is_guest_accessible"],
            "owner": {"id": room["owner"]["id"]},
        }
        if what in ("name", "topic") and not (what == "topic" and room["is_archived"]):
            body[what] = self.word(place, what)
        elif what == "privacy":
            place.is_private = not place.is_private
            body["privacy"] = "private" if place.is_private else "public"
        elif what == "owner":
            place.owner = self.random.choice(PEOPLE[:-1])
            body["owner"] = {"id": self.ids[place.owner]}
        elif what == "archived":
            body["is_archived"] = not room["is_archived"]
        elif what == "guests":
            body["is_guest_accessible"] = not room["is_guest_accessible"]
            place.guests_since = len(self.words)
        self.call("PUT", f"/v2/room/{place.id}", body)
        if what == "privacy":
            self.tell(place)
        self.learn(place)

    def learn(self, place: Place) -> None:
        """Read the members of a room: who was in it becomes one when it becomes private."""
        found = asyncio.run(
            self.site.server.database.stores.members.members(
                place.id, start=0, count=100
            )
        )
        place.members = {self.names[one.id] for one in found if one.id in self.names}
        room = self.site.get(f"/v2/room/{place.id}").json
        place.name, place.topic = room["name"], room["topic"]
        place.guest_page = (room["guest_access_url"] or "").partition(".test")[2]

    def add_member(self) -> None:
        place, name = self.random.choice(self.rooms()), self.random.choice(PEOPLE)
        roles = ["room_member"]
        if name != "gus" and self.random.random() < 0.5:
            roles.append("room_admin")
        path = f"/v2/room/{place.id}/member/{self.ids[name]}"
        reply = self.site.put(path, {"room_roles": roles})
        assert reply.status < 500
        self.learn(place)

    def remove_member(self) -> None:
        place = self.random.choice(self.rooms())
        removable = sorted(place.members - {place.owner})
        if removable:
            name = self.random.choice(removable)
            reply = self.site.delete(f"/v2/room/{place.id}/member/{self.ids[name]}")
            assert reply.status < 500
            self.learn(place)
            self.tell(place)

    def delete_room(self) -> None:
        if self.random.random() < 0.2 and len(self.rooms()) > 3:
            place = self.random.choice(self.rooms())
            self.call("DELETE", f"/v2/room/{place.id}")
            place.is_deleted = True

    def notify(self) -> None:
        self.tell(self.random.choice(self.rooms()))

    def tell(self, place: Place) -> None:
        """Send a room a notification, at once after it was closed to somebody perhaps."""
        body = {"message": self.word(place, "notice"), "notify": True}
        self.site.post(f"/v2/room/{place.id}/notification", body)

    def notify_all(self) -> None:
        """Send every room a notification, archived ones aside."""
        for place in self.rooms():
            word = self.word(place, "last")
            body = {"message": word}
            reply = self.site.post(f"/v2/room/{place.id}/notification", body)
            place.last_word = word if reply.status == 204 else ""
            self.site.clock[0] += 10
        self.note()

    def has_stayed(self, name: str, place: Place) -> bool:
        return name in (place.stayed or ())

    def say(self) -> None:
        name = self.random.choice(PEOPLE[:-1])
        seen = [one for one in self.rooms() if self.may_read(name, one)]
        if not seen:
            return
        place = self.random.choice(seen)
        token, path = self.tokens[name], f"/v2/room/{place.id}"
        body = {"message": self.word(place, "said")}
        reply = self.site.post(f"{path}/message", body, token=token)
        known = self.messages.setdefault(place.id, [])
        if reply.status == 201:
            known.append(reply.json["id"])
        if known and self.random.random() < 0.5:
            parent = self.random.choice(known)
            body = {"message": self.word(place, "reply"), "parentMessageId": parent}
            self.site.post(f"{path}/reply", body, token=token)

    def chat(self) -> None:
        one, other = self.random.sample(PEOPLE[:-1], 2)
        place = next(
            (
                chat
                for chat in self.places
                if chat.is_chat and chat.members == {one, other}
            ),
            None,
        )
        if place is None:
            place = Place(0, "", is_private=True, is_chat=True, members={one, other})
            self.places.append(place)
        body = {"message": self.word(place, "chat")}
        path = f"/v2/user/{self.ids[other]}/message"
        assert self.site.post(path, body, token=self.tokens[one]).status < 300

    def hook(self) -> None:
        name = self.random.choice(PEOPLE[:-1])
        place = self.random.choice(self.rooms())
        body = {"url": HOOK, "event": "room_message"}
        body["name"] = self.word(place, "hook", name)
        token = self.tokens[name]
        self.site.post(f"/v2/room/{place.id}/webhook", body, token=token)

    def room_token(self) -> None:
        name = self.random.choice(PEOPLE[:-1])
        place = self.random.choice(self.rooms())
        fields = {"name": self.word(place, "token", name), "room": str(place.id)}
        self.visitors[name].send("/tokens/room", fields)

    def look_back(self) -> None:
        """Read a room by the API, which the list of calls shows afterwards."""
        name, place = self.random.choice(PEOPLE[:-1]), self.random.choice(self.rooms())
        self.site.get(f"/v2/room/{place.id}/history", token=self.tokens[name])
        self.site.get(f"/v2/room/{place.id}", token=self.tokens[name])

    def promote(self) -> None:
        name = self.random.choice(("ann", "bob"))
        (self.admins.discard if name in self.admins else self.admins.add)(name)

        context = self.site.operator_context()
        asyncio.run(set_admin(context, f"@{name}", is_admin=name in self.admins))

    # What is looked at.

    def paths(self) -> Iterator[str]:
        yield from ("/", "/sidebar", "/chats", "/people", "/rooms/new", "/account")
        yield from ("/tokens", "/tokens/group", "/webhooks", "/webhooks/new")
        yield from ("/search?q=zq", "/calls", "/calls?failed=1", "/calls/tokens")
        yield from ("/calls?token=none", "/people/new", "/clients")
        for number in range(1, 4):
            yield f"/calls?token={number}"
        for place in self.places:
            if place.is_chat:
                continue
            room = f"/rooms/{place.id}"
            for part in ("", "/head", "/people", "/history", "/settings", "/topic"):
                yield room + part
            yield f"{room}/topic/shown"
            yield f"/search?q=zq&room={place.id}"
            yield f"/webhooks/new?room={place.id}"
        for number in self.ids.values():
            yield f"/people/{number}"
            yield f"/chats/{number}"
            yield f"/chats/{number}/history"
            yield f"/search?q=zq&chat={number}"
        for number in range(1, 9):
            yield f"/webhooks/{number}"
            yield f"/webhooks/{number}/settings"

    def leaks(self) -> list[str]:
        """Return what somebody was shown and may not know."""
        found = []
        for name, visitor in self.visitors.items():
            for path in self.paths():
                answer = visitor.get(path)
                assert answer.status < 500, (name, path)
                shown = set(WORD.findall(answer.text + (answer.location or "")))
                found += [
                    f"{name} {path} shows {word}"
                    for word in shown
                    if not self.may_know(name, path, word)
                ]
        guest = self.visitors["nobody"]
        for place in self.places:
            if place.guest_page:
                for path in (place.guest_page, f"{place.guest_page}/history"):
                    found += [
                        f"a guest of {place.id} is shown {word}"
                        for word in set(WORD.findall(guest.get(path).text))
                        if not self.may_guests_know(place, word)
                    ]
        return found

    def may_know(self, name: str, path: str, word: str) -> bool:
        place, known = self.words[word]
        if name == self.authors[word] or self.may_read(name, place):
            return True
        # Calls show what the user's own programs sent and got then, to administrators those of
        # deleted rooms too; webhooks get what happened before their room was deleted.
        is_past = path.startswith("/calls") or (
            place.is_deleted and path.startswith("/webhooks")
        )
        is_admins = name in self.admins and place.is_deleted
        return is_past and (name in known or is_admins)

    def may_guests_know(self, place: Place, word: str) -> bool:
        if place.is_deleted or self.words[word][0] is not place:
            return False
        is_heading = word in (place.name, place.topic)
        return is_heading or int(NUMBER.findall(word)[0]) >= place.guests_since


@pytest.mark.parametrize("seed", [7, 8])
def test_no_page_shows_what_its_reader_may_not_know(
    site: Site, sign_in: MakeVisitor, seed: int
) -> None:
    world = World(site, sign_in, seed)
    happenings = [
        *([world.create_room] * 2),
        *([world.change_room] * 4),
        *([world.add_member] * 3),
        *([world.remove_member] * 3),
        *([world.say] * 3),
        *([world.hook] * 2),
        world.notify,
        world.chat,
        world.room_token,
        world.look_back,
        world.promote,
        world.delete_room,
    ]
    for _ in range(3):
        world.create_room()
    for _ in range(STEPS):
        world.step(happenings)
    assert world.leaks() == []


@pytest.mark.parametrize(
    ("seed", "update_seconds"),
    # With updates once an hour nothing but a conversation's own feed checks access.
    [(1, 0.01), (2, 3600.0)],
)
def test_no_stream_tells_what_its_reader_could_never_know(
    site: Site, sign_in: MakeVisitor, seed: int, update_seconds: float
) -> None:
    world = World(site, sign_in, seed)
    for _ in range(4):
        world.create_room()
        world.chat()
    for _ in range(12):
        world.add_member()
        site.clock[0] += 10
    world.note()
    timing = FeedTiming(poll=0.05, keep_alive=3600, check=3600, update=update_seconds)
    asyncio.run(follow_everything(world, Page(site, timing)))


async def follow_everything(world: World, page: Page) -> None:
    """Let things happen while everybody has a window open of everything that they may read."""
    happenings = [
        *(world.change_room, world.remove_member, world.say, world.chat),
        *(world.add_member, world.notify, world.promote, world.delete_room),
    ]
    streams = [
        (name, path, page.stream(path, secret_of(world.visitors[name])))
        for name in PEOPLE
        for path in ("/feed", *world.addresses(name))
    ]
    async with contextlib.AsyncExitStack() as stack:
        for _, _, stream in streams:
            await stack.enter_async_context(stream.listening())
        for _ in range(STEPS):
            # In a thread: what happens is written for a loop of its own.
            await asyncio.to_thread(world.step, happenings)
        # Who may read something still gets it, so the streams were not merely silent.
        await asyncio.to_thread(world.notify_all)
        for name, path, stream in streams:
            room = next((one for one in world.rooms() if one.feed == path), None)
            if room is not None and world.has_stayed(name, room):
                await stream.until(room.last_word)
    for name, path, stream in streams:
        text = stream.received.decode()
        for word in WORD.findall(text):
            assert path != "/feed", f"{name} is told {word} without a conversation"
            assert name in world.words[word][1], f"{name} {path} is told {word}"
        for room_id in re.findall(r"/rooms/(\d+)", text):
            place = next(one for one in world.places if one.id == int(room_id))
            assert name in place.seen_by, f"{name} {path} is told of room {room_id}"
