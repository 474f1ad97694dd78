"""Long messages: what the parts hold, and what they may not do."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import BadRequestError
from hipkit.api.messages.long_messages import (
    LONGEST_MESSAGE,
    split_message,
    truncate_message,
)
from hipkit.api.messages.message_html import TAGS, Text, plain_text, read_html
from hipkit.api.model import find_broken_rule
from hipkit.testing import HipChatServer
from hipkit.v2.rooms import SendRoomNotification

VOID = {"br", "img"}


class Strict(HTMLParser):
    """Collects a part's text, and fails for a tag that is not ended in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in TAGS
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        assert tag in VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(part: str) -> str:
    """The text of a part, which has to be well-formed."""
    reader = Strict()
    reader.feed(part)
    reader.close()
    assert reader.open == []
    return reader.text


def letters(text: str) -> str:
    return re.sub(r"\s+", "", text)


def shown(html: str) -> str:
    """What a message shows, without white space and what separates cells."""
    return letters(plain_text(html)).replace("|", "")


def test_the_limit_is_that_of_a_notification() -> None:
    assert SendRoomNotification.rules["message"].max_length == LONGEST_MESSAGE
    fits = "\U0001f600" * LONGEST_MESSAGE  # Characters, whatever their bytes.
    assert find_broken_rule(SendRoomNotification(1, message=fits)) is None
    assert split_message(fits) == [fits]


def test_a_server_counts_in_the_same_way(hipchat: HipChatServer) -> None:
    longest = "\U0001f600" * (LONGEST_MESSAGE - 7) + "<b></b>"
    send = hipchat.client.rooms.send_room_notification
    with pytest.raises(BadRequestError):
        send("Room", message=f"{longest}x")
    parts = split_message(f"<b>{longest * 2}</b>")
    for part in (longest, *parts):
        send("Room", message=part)
    assert [each.message for each in hipchat.messages()] == [longest, *parts]


@pytest.mark.parametrize("message_format", ["html", "text"])
def test_a_message_that_fits_is_returned_unchanged(
    message_format: Literal["html", "text"],
) -> None:
    message = "<b>open" + "x" * 9993
    assert split_message(message, message_format=message_format) == [message]
    assert truncate_message(message, message_format=message_format) == message


def test_an_empty_message_has_no_parts() -> None:
    assert split_message("") == []
    assert truncate_message("") == ""


@pytest.mark.parametrize(
    ("between", "parts"),
    [("\n\n", ["a" * 60 + "\n\n"]), ("\n", ["a" * 60 + "\n"]), (" ", ["a" * 60 + " "])],
)
def test_a_text_is_split_after_a_paragraph_a_line_or_a_word(
    between: str, parts: list[str]
) -> None:
    rest = "b" * 80
    message = "a" * 60 + between + rest
    assert split_message(message, message_format="text", limit=100) == [*parts, rest]


def test_a_paragraph_is_a_better_end_than_a_line_and_a_line_than_a_word() -> None:
    message = "a" * 50 + "\n\n" + "b" * 10 + "\n" + "c" * 10 + " " + "d" * 60
    first, _ = split_message(message, message_format="text", limit=100)
    assert first == "a" * 50 + "\n\n"
    first, _ = split_message(
        message.replace("\n\n", "  "), message_format="text", limit=100
    )
    assert first == "a" * 50 + "  " + "b" * 10 + "\n"


def test_a_good_end_in_the_first_half_of_a_part_is_not_taken() -> None:
    message = "a\n\n" + "b" * 90 + " " + "c" * 50
    first, _ = split_message(message, message_format="text", limit=100)
    assert first == "a\n\n" + "b" * 90 + " "


def test_white_space_alone_is_no_part() -> None:
    message = "a" * 80 + " " * 300 + "b"
    parts = split_message(message, message_format="text", limit=100)
    assert [part.strip() for part in parts] == ["a" * 80, "b"]
    assert split_message(" " * 300, message_format="text", limit=100) == []


@pytest.mark.parametrize(
    "character",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\U0001f44d\U0001f3fd",  # a thumb of some colour
        "\U0001f1e9\U0001f1ea",  # a flag
        "e\u0301",
        "\u2764\ufe0f",
        "\ud83d\ude00",  # a pair, as JSON may have it
    ],
)
@pytest.mark.parametrize("offset", range(6))
def test_a_visible_character_is_not_divided(character: str, offset: int) -> None:
    message = "x" * offset + character * 100
    parts = split_message(message, message_format="text", limit=100)
    assert "".join(parts) == message
    assert all(len(part[offset:]) % len(character) == 0 for part in parts[:1])
    assert all(len(part) % len(character) == 0 for part in parts[1:])


@pytest.mark.parametrize("offset", range(8))
def test_a_character_reference_is_not_divided(offset: int) -> None:
    message = "x" * offset + "&amp;" * 60
    parts = split_message(message, limit=100)
    assert "".join(map(unescape, parts)) == unescape(message)
    assert all(re.fullmatch("x*(&amp;)+", part) for part in parts)


def test_a_mark_after_a_character_reference_moves_both() -> None:
    message = "x" * 46 + "&lt;\u0301" + "y" * 100
    assert "".join(map(unescape, split_message(message, limit=100))) == unescape(
        message
    )


def test_what_is_open_is_closed_and_opened_again() -> None:
    link = '<a href="https://ci.example/1"><b>'
    message = f"{link}{'x' * 90}</b></a> end"
    parts = split_message(message, limit=110)
    assert parts == [
        f"{link}{'x' * 40}</b></a>",
        f"{link}{'x' * 50}</b></a> end",
    ]


def test_a_start_tag_has_no_slash_at_its_end() -> None:
    message = f"<i/><a href=x/><a href='x' />{'y' * 100}"
    first, _ = split_message(message, limit=100)
    assert first.startswith("<i><a href=x/></a><a href='x' >yy")


def test_a_table_is_split_between_rows() -> None:
    row = "<tr><td>host</td><td>down</td></tr>"
    message = f"<table>{row * 8}</table>"
    parts = split_message(message, limit=160)
    assert parts == [f"<table>{row * 4}</table>"] * 2


def test_a_list_is_split_between_items_even_if_they_are_not_ended() -> None:
    message = f"<ul>{'<li>build is red' * 12}</ul>"
    parts = split_message(message, limit=100)
    assert parts == [f"<ul>{'<li>build is red</li>' * 4}</ul>"] * 3


def test_preformatted_text_is_split_between_lines() -> None:
    code = "    code\n" * 30
    message = f"<pre>{code}</pre>"
    parts = split_message(message, limit=100)
    assert all(re.fullmatch(r"<pre>(    code\n)+</pre>", part) for part in parts)
    assert "".join(map(text_of, parts)) == code


def test_what_is_not_rendered_stays_text() -> None:
    message = "if (a<b) <none> &amp; From: <bob@example.com> </b> " * 10
    parts = split_message(message, limit=200)
    assert letters("".join(map(text_of, parts))) == shown(message)
    assert letters("".join(map(plain_text, parts))) == shown(message)


def test_a_tag_that_is_not_rendered_and_too_long_for_a_part_becomes_text() -> None:
    message = f'<font title="<b>{"x" * 300}">after'
    parts = split_message(message, limit=100)
    assert "".join(map(text_of, parts)) == message


def test_a_tag_that_takes_more_than_half_a_part_is_left_out_and_its_text_is_kept() -> (
    None
):
    message = f'<a href="{"x" * 100}">link</a> <b>{"y" * 200}</b>'
    parts = split_message(message, limit=120)
    assert "<a" not in "".join(parts)
    assert letters("".join(map(text_of, parts))) == "link" + "y" * 200


def test_a_part_that_shows_nothing_is_left_out() -> None:
    assert split_message("<b></b>" * 100, limit=100) == []
    assert split_message("<br>" * 100 + "x", limit=100)[-1].endswith("x")


def test_a_picture_is_something_to_show() -> None:
    picture = '<img src="https://a.example/1.png">'
    assert split_message(picture * 4, limit=100) == [picture * 2] * 2


SOURCES = st.lists(
    st.sampled_from(
        [
            *(f"<{tag}>" for tag in sorted(TAGS - {"a", "img"})),
            *(f"</{tag}>" for tag in sorted(TAGS)),
            '<a href="https://a.example/?b=1&amp;c">',
            '<img src="x" alt="y">',
            "<b/>",
            "<br />",
            '<a href="x" />',
            "<a href=x/>",
            '<a href="',
            '"',
            ">",
            "<",
            "&",
            "&lt;",
            "&amp",
            "&#128512;",
            "<div>",
            "<!--",
            "word ",
            "\n",
            "\n\n",
            "x" * 60,
            "e\u0301",
        ]
    )
    | st.text(max_size=30),
    max_size=60,
).map("".join)


@given(html=SOURCES, limit=st.integers(100, 300))
def test_every_part_of_html_fits_and_is_well_formed_and_all_text_is_there(
    html: str, limit: int
) -> None:
    html = html.replace("\0", "")  # Shown as another character.
    parts = split_message(html, limit=limit)
    assert all(0 < len(part) <= limit for part in parts)
    if len(html) <= limit:
        return
    assert letters("".join(map(text_of, parts))) == letters("".join(_texts(html)))


def _texts(html: str) -> list[str]:
    return [part.text for part in read_html(html) if isinstance(part, Text)]


@given(text=st.text(max_size=600), limit=st.integers(100, 200))
def test_every_part_of_a_text_fits_and_all_text_is_there(text: str, limit: int) -> None:
    parts = split_message(text, message_format="text", limit=limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert letters("".join(parts)) == letters(text)
    if text.strip():
        assert all(part.strip() for part in parts)


@given(html=SOURCES, limit=st.integers(110, 300))
def test_a_shortened_message_fits_and_is_well_formed(html: str, limit: int) -> None:
    short = truncate_message(html, limit=limit)
    assert len(short) <= limit
    if len(html) > limit:
        assert text_of(short).rstrip().endswith("…")


def test_a_message_is_shortened_within_its_tags() -> None:
    message = f"<b>{'word ' * 30}</b>"
    short = truncate_message(message, limit=104, ending=" ...")
    assert short == f"<b>{'word ' * 15}word ...</b>"


def test_the_ending_of_a_table_follows_it() -> None:
    message = f"<table>{'<tr><td>x</td></tr>' * 20}</table>"
    short = truncate_message(message, limit=120)
    assert short.endswith("</tr></table>…")


def test_a_text_is_shortened_after_a_word() -> None:
    short = truncate_message("word " * 100, message_format="text", limit=110)
    assert short == "word " * 15 + "word…"


@pytest.mark.parametrize("function", [split_message, truncate_message])
def test_a_limit_too_small_and_an_unknown_format_are_refused(
    function: Callable[..., object],
) -> None:
    with pytest.raises(ValueError, match="at least 100"):
        function("x", limit=99)
    with pytest.raises(ValueError, match="'html' or 'text'"):
        function("x", message_format="markdown")


HOSTILE = [
    "<b>" * 20_000,
    "<b>x" * 20_000,
    "<ul><li>" * 10_000 + "x" * 10_000,
    "<table><tr><td>" * 10_000 + "x",
    "<" * 50_000,
    "&" * 50_000,
    "<a href='" * 10_000,
    "<a href=" + "x" * 50_000 + ">y</a>",
    "</b>" * 20_000,
    "<b></b>" * 10_000 + "x",
    "<b><table><tr><td>" + "<i>" * 60 + "</b>" * 20_000 + "x",
    "\n" * 50_000 + "x",
    "\u0301" * 50_000,
    "\U0001f1e6" * 50_000,
    "x" * 50_000,
    '<font title="' + "<b>" * 20_000 + '">',
]


@pytest.mark.parametrize("html", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_input_gives_parts_like_any_other(html: str) -> None:
    parts = split_message(html)
    assert all(0 < len(part) <= LONGEST_MESSAGE for part in parts)
    assert letters("".join(map(text_of, parts))) == letters("".join(_texts(html)))
