from __future__ import annotations

from collections.abc import Iterable, Iterator

from hipkit.relay.markup.tree import Element, Node, Text
from hipkit.relay.routes import summary
from hipkit.relay.routes.summary import SummaryWriter
from hipkit.server.events.posted import PostedMessage

BEGAN_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000


def message(number: int, **values: object) -> PostedMessage:
    members: dict[str, object] = {
        "id": f"m{number}",
        "sent_us": BEGAN_US + number * MINUTE_US,
        "kind": "notification",
        "room": "Ops",
        "body": "x",
        "sender": "Nagios",
        "color": "yellow",
        **values,
    }
    return PostedMessage(**members)  # type: ignore[arg-type]  # as given


def texts(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Text):
            yield node.text
        elif isinstance(node, Element):
            yield from texts(node.children)


def links(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Element):
            if node.url:
                yield node.url
            yield from links(node.children)


def test_summary_counts_rooms_colors_and_senders() -> None:
    writer = SummaryWriter()
    for number in range(3):
        writer.add(message(number), None)
    writer.add(message(60, room="Build", color=None, sender="Jenkins"), None)
    written = writer.write("id", BEGAN_US + 90 * MINUTE_US)
    assert (written.kind, written.id, written.room) == ("summary", "id", None)
    assert written.title == "4 messages waited"
    assert list(texts(written.body)) == [
        "4 messages waited for this chat, from 2023-11-14 22:13 to 2023-11-14 23:13 UTC."
        " They are not sent one by one; red ones are.",
        "Rooms: Ops 3, Build 1",
        "Colors: yellow 3, no color 1",
        "Senders: Nagios 3, Jenkins 1",
    ]


def test_summary_of_one_room_is_of_that_room() -> None:
    writer = SummaryWriter()
    writer.add(message(1), None)
    writer.add(message(2), None)
    assert writer.write("id", BEGAN_US).room == "Ops"


def test_each_message_is_linked_where_there_are_links() -> None:
    writer = SummaryWriter()
    for number in range(3):
        writer.add(message(number), f"https://relay.example.com/m/{number}")
    written = writer.write("id", BEGAN_US)
    assert list(links(written.body)) == [
        f"https://relay.example.com/m/{number}" for number in range(3)
    ]
    assert "22:13 Nagios in Ops" in list(texts(written.body))


def test_links_beyond_the_bound_are_counted() -> None:
    writer = SummaryWriter()
    for number in range(summary.MOST_LINKS + 7):
        writer.add(message(number), "https://relay.example.com/m")
    written = writer.write("id", BEGAN_US)
    assert len(list(links(written.body))) == summary.MOST_LINKS
    assert list(texts(written.body))[-1] == "and 7 more"


def test_names_beyond_the_bound_are_counted_together() -> None:
    writer = SummaryWriter()
    for number in range(summary.MOST_COUNTED + 500):
        writer.add(message(number, sender=f"{number:04}" + "x" * 1_000), None)
    senders = list(texts(writer.write("id", BEGAN_US).body))[3]
    others = summary.MOST_COUNTED + 500 - summary.MOST_NAMED
    assert senders.endswith(f", others {others:,}")
    assert len(senders) < 1_000


def test_private_messages_are_of_no_room() -> None:
    writer = SummaryWriter()
    writer.add(message(1, room=None, color=None), None)
    written = writer.write("id", BEGAN_US)
    assert written.room is None
    assert "Rooms: private messages 1" in list(texts(written.body))
