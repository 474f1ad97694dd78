"""What the pictures show: the demo's room and people, and a morning's life around them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal

from examples import demo
from examples.demo_programs import Interruption
from hipkit import HipChat, HipkitError, OAuthClient
from hipkit.server.services.access.clients import add_client
from hipkit.server.services.access.tokens import issue_room_token, issue_user_token
from hipkit.v2.models import Card, CardAttribute, CardAttributeValue
from scripts.screenshots.server import Served

__all__ = ["fill"]

DISKS = """Disk space is low on <b>2 of 14</b> hosts
<table><tr><th>Host</th><th>Mount</th><th>Free</th></tr>
<tr><td>db1</td><td>/var/lib/postgresql</td>
<td><span style="color: red; font-weight: bold">4 %</span></td></tr>
<tr><td>web3</td><td>/var/log</td><td>9 %</td></tr></table>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A room beside the demo's, and what a program posts there."""

    time: str
    name: str
    topic: str
    program: str
    color: Literal["gray", "purple", "red"]
    message: str


EARLY = (
    Other(
        time="07:40",
        name="Backups",
        topic="What cron says",
        program="cron",
        color="gray",
        message="Backup of <b>db1</b>: 41 GB in 12 minutes",
    ),
    Other(
        time="08:20",
        name="Releases",
        topic="One notification a release",
        program="Deployer",
        color="purple",
        message="<b>4.1.9</b> is in production",
    ),
)
LATE = Other(
    time="09:31",
    name="Alerts",
    topic="Page the on-call for red ones",
    program="Monitoring",
    color="red",
    message=DISKS,
)


class Quiet(demo.Steps):
    """The demo's steps, without what they print."""

    def __init__(self) -> None:
        super().__init__(Interruption())

    def begin(self, title: str) -> None:
        """Print nothing."""

    def show(self, *lines: str) -> None:
        """Print nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Clients of those who speak."""

    admin: HipChat
    ann: HipChat
    bob: HipChat
    bot: HipChat


def fill(served: Served) -> int:
    """Fill the server with what happened before the viewer came, and return the room's number."""
    base_url = f"{served.address}/v2"
    with HipChat(served.token, base_url=base_url, trust_env=False) as admin:
        steps = Quiet()
        for other in EARLY:
            make_room(served, admin, other)
        served.clock.set("08:50")
        ann_id, bob_id = demo.make_room_and_people(steps, admin)
        people = People(
            admin=admin,
            ann=admin.with_token(user_token(served, ann_id, "Ann's laptop")),
            bob=admin.with_token(
                user_token(served, bob_id, "Phone", "view_room", "send_message")
            ),
            bot=admin.with_token(bot_token(served, admin)),
        )
        make_webhooks(admin)
        work_a_morning(served, people)
        make_room(served, admin, LATE)
        fail(served, people)
        served.deliver()
        return admin.rooms.get_room(demo.ROOM).id


def user_token(served: Served, user_id: int, name: str, *scopes: str) -> str:
    """Return a new token of a user; without scopes, one that may do what users do."""
    work = issue_user_token(
        served.operator(), user=user_id, name=name, scopes=scopes or None
    )
    return served.finish(work).token


def bot_token(served: Served, admin: HipChat) -> str:
    """Return the token that a new add-on gets with its id and secret."""
    scopes = ["send_notification", "view_room"]
    client = served.finish(
        add_client(served.operator(), name="Build bot", scopes=scopes)
    )
    with OAuthClient(
        client.id, client.secret, base_url=admin.base_url, trust_env=False
    ) as oauth:
        return oauth.generate_token(grant_type="client_credentials").access_token


def make_room(served: Served, admin: HipChat, other: Other) -> None:
    """Create a room beside the demo's, where a program posts."""
    served.clock.set(other.time)
    room = admin.rooms.create_room(name=other.name, topic=other.topic).id
    issued, _ = served.finish(
        issue_room_token(served.operator(), room=room, name=other.program)
    )
    program = admin.with_token(issued.token)
    program.rooms.send_room_notification(
        room, message=other.message, color=other.color, notify=True
    )


def make_webhooks(admin: HipChat) -> None:
    """Create a webhook that will work, and one whose receiver is gone."""
    admin.rooms.create_webhook(
        "Backups",
        url="https://pager.example/hook",
        event="room_notification",
        name="Pager",
    )
    admin.rooms.create_webhook(
        demo.ROOM,
        url="https://relay.example/hook",
        event="room_message",
        name="Old relay",
    )


def work_a_morning(served: Served, people: People) -> None:
    """Post the builds of a morning, and what people write about them."""
    at, room, steps = served.clock.set, demo.ROOM, Quiet()
    say = people.bot.rooms.send_room_notification
    at("09:02")
    people.ann.rooms.send_message(
        room, message="Good morning! Release 4.2 goes out after lunch."
    )
    at("09:10")
    say(room, message="Build 6 of <b>main</b> passed in 3 minutes", color="green")
    at("09:12")
    say(room, message="Build 7 of <b>main</b> has begun", color="yellow")
    at("09:15")
    demo.notify_with_card(steps, people.bot, people.admin)
    at("09:17")
    demo.mention(steps, people.ann)
    at("09:18")
    demo.share_file(steps, people.ann)
    at("09:24")
    people.bob.rooms.send_message(
        room, message="The time zone test again. Fixed in https://git.example.com/42"
    )
    at("09:29")
    card = Card(
        style="application",
        id="build-8",
        title="Build 8 is green again",
        description="All 412 tests passed.",
        format="medium",
        attributes=[
            CardAttribute(label="Branch", value=CardAttributeValue(label="main")),
            CardAttribute(
                label="State",
                value=CardAttributeValue(label="passed", style="lozenge-success"),
            ),
        ],
    )
    say(room, message="Build 8 passed", color="green", card=card)
    at("09:30")
    people.ann.rooms.send_message(room, message="@bob thank you!")
    at("09:31")
    say(
        room,
        message="<b>4.2.0</b> is on its way to staging",
        color="purple",
        from_="Deployer",
    )
    say(room, message="Build 9 of <b>4.2</b> has begun", color="yellow")


def fail(served: Served, people: People) -> None:
    """Send failing calls, as old programs do."""
    served.clock.set("09:32")
    demo.be_refused(Quiet(), people.bob)
    for program, body in (
        (people.bot, {"message": "Build 9", "color": "blue"}),
        (people.admin.with_token("0123456789"), {"message": "Build 9"}),
    ):
        with contextlib.suppress(HipkitError):
            program.request("POST", "/room/Dev%20Ops/notification", json=body)
