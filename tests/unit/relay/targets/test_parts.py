"""Cards and files as nodes, and what a message with a card says."""

from __future__ import annotations

from typing import get_args

import pytest

from hipkit.relay.markup.html import write_html
from hipkit.relay.markup.marked_text import plain_text
from hipkit.relay.markup.tree import Element, Mention, Node, Text
from hipkit.relay.message import Attribute, Color, RelayCard, RelayFile, RelayPicture
from hipkit.relay.targets.parts import (
    COLORS,
    card_nodes,
    emoji_of,
    file_nodes,
    mentioned,
    message_nodes,
)
from tests.unit.relay.messages import message

CARD = RelayCard(
    id="c",
    style="application",
    title="Build #12",
    url="https://ci.example.com/12",
    description=(Text("is broken"),),
    attributes=(
        Attribute(label="Stage", value="test", level="failure"),
        Attribute(label="Log", value="12.log", url="https://ci.example.com/log"),
    ),
    thumbnail=RelayPicture(url="https://ci.example.com/t.png"),
)
FILE = RelayFile(key="k", name="a.csv", size_bytes=1, content_type="text/csv")


def test_every_colour_has_a_value_and_an_emoji() -> None:
    assert set(COLORS) == set(get_args(Color))
    assert len({emoji_of(color) for color in get_args(Color)}) == 5


def test_a_card_is_title_description_attributes_and_picture() -> None:
    assert write_html(card_nodes(CARD)) == (
        '<p><a href="https://ci.example.com/12"><strong>Build #12</strong></a></p>'
        "<p>is broken</p>"
        "<table><tr><th>Stage</th><td>🔴 test</td></tr>"
        "<tr><th>Log</th>"
        '<td><a href="https://ci.example.com/log">12.log</a></td></tr></table>'
        '<a href="https://ci.example.com/t.png">picture</a>'
    )


def test_a_card_with_a_title_alone_is_its_title() -> None:
    card = RelayCard(id="c", style="link", title="Build #12")

    assert write_html(card_nodes(card)) == "<p><strong>Build #12</strong></p>"


def test_a_file_is_linked_where_there_is_a_link() -> None:
    linked = RelayFile(
        key="k",
        name="a.csv",
        size_bytes=1,
        content_type="text/csv",
        url="https://e.com",
    )

    assert write_html(file_nodes([FILE, linked])) == (
        '<p>📎 a.csv (1 B)</p><p>📎 <a href="https://e.com">a.csv</a> (1 B)</p>'
    )


@pytest.mark.parametrize(
    ("body", "activity", "first"),
    [
        ("Build 12 broke", (), "Build 12 broke"),
        ("Build 12 broke", (Text("CI says"),), "CI says"),
        ("Build #12", (), "Build #12 (https://ci.example.com/12)"),
        (" is broken ", (), "Build #12 (https://ci.example.com/12)"),
        ("", (), "Build #12 (https://ci.example.com/12)"),
    ],
)
def test_a_card_comes_after_the_text_that_it_does_not_repeat(
    body: str, activity: tuple[Node, ...], first: str
) -> None:
    card = RelayCard(
        id="c",
        style="link",
        title="Build #12",
        url="https://ci.example.com/12",
        description=(Text("is broken"),),
        activity=activity,
    )

    lines = plain_text(message_nodes(message(body=(Text(body),), card=card)))

    assert lines.split("\n")[0] == first


def test_files_that_are_sent_otherwise_are_left_out() -> None:
    sent = message(files=(FILE,))

    assert "a.csv" in plain_text(message_nodes(sent))
    assert plain_text(message_nodes(sent, files=())) == "Build failed"


def test_the_names_that_a_tree_mentions() -> None:
    inner = Element(tag="b", children=(Mention("bob"), Text("@eve")))
    assert list(mentioned((Mention("ann"), inner))) == ["ann", "bob"]
