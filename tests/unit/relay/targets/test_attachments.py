from __future__ import annotations

from dataclasses import replace
from typing import Any

from hipkit.relay.markup.dialect import MARKDOWN
from hipkit.relay.markup.escaping import defuse, escape_markdown
from hipkit.relay.markup.tree import Mention, Text
from hipkit.relay.message import Attribute, RelayCard, RelayFile, RelayPicture
from hipkit.relay.targets.attachments import (
    NO_TEXT,
    AttachmentForm,
    attachment,
    needs_attachment,
    plain_message,
    text_of_message,
)
from tests.unit.relay.messages import message

FORM = AttachmentForm(
    dialect=MARKDOWN,
    escape_title=escape_markdown,
    escape_name=defuse,
    most_text=100,
    most_title=20,
    most_field=90,
    most_fields=2,
)
CARD = RelayCard(
    id="card-1",
    style="application",
    title="Build *17*",
    url="https://ci.example.com/17",
    description=(Text("failed"),),
    attributes=(
        Attribute(label="State", value="red", level="failure"),
        Attribute(label="Log", value="x" * 41, url="https://ci.example.com/log"),
        Attribute(label="Third", value="left out"),
    ),
    icon=RelayPicture(url="https://ci.example.com/i.png"),
    thumbnail=RelayPicture(url="https://ci.example.com/t.png"),
)
FILE = RelayFile(
    key="k",
    name="a.log",
    size_bytes=1_500,
    content_type="text/plain",
    url="https://r.e/f",
)


def test_what_has_a_color_a_title_or_a_card_needs_an_attachment() -> None:
    assert needs_attachment(message())
    assert needs_attachment(message(color=None, title="x"))
    assert needs_attachment(message(color=None, card=CARD))
    assert not needs_attachment(message(color=None))


def test_a_notification_has_a_color_and_a_text() -> None:
    assert attachment(message(title="Dev *Ops*"), FORM, {}) == {
        "fallback": "Dev *Ops*: Build failed",
        "color": "#D04437",
        "title": "Dev \\*Ops\\*",
        "text": "Build failed",
        "footer": "Dev Ops",
    }


def test_the_room_is_named_once() -> None:
    assert "footer" not in attachment(message(title="CI: Dev Ops"), FORM, {})
    assert "footer" not in attachment(message(room=None), FORM, {})


def test_a_card_has_its_own_title_and_fields() -> None:
    shown = attachment(message(card=CARD, title="Dev"), FORM, {}, name="CI")
    assert shown["author_name"] == "CI · Dev"
    assert shown["pretext"] == "Build failed"
    assert (shown["title"], shown["title_link"]) == (
        "Build \\*17\\*",
        "https://ci.example.com/17",
    )
    assert shown["text"] == "failed"
    assert shown["thumb_url"] == "https://ci.example.com/t.png"
    assert shown["author_icon"] == "https://ci.example.com/i.png"
    assert fields(shown) == [
        {"title": "State", "value": "🔴 red", "short": True},
        {
            "title": "Log",
            "value": f"[{'x' * 41}](https://ci.example.com/log)",
            "short": False,
        },
    ]


def fields(shown: dict[str, Any]) -> list[dict[str, Any]]:
    found = shown["fields"]
    assert isinstance(found, list)
    return found


def test_the_picture_of_an_image_is_large() -> None:
    shown = attachment(message(card=replace(CARD, style="image")), FORM, {})
    assert shown["image_url"] == "https://ci.example.com/t.png"
    assert "thumb_url" not in shown


def test_every_member_is_within_its_limit() -> None:
    long = replace(
        CARD,
        title="*" * 300,
        description=(Text("word " * 100),),
        attributes=(Attribute(label="l" * 300, value="word " * 100),) * 9,
    )
    shown = attachment(message(card=long, body=(Text("word " * 99),)), FORM, {})
    assert len(str(shown["title"])) <= FORM.most_title
    assert len(str(shown["text"])) <= FORM.most_text
    assert len(str(shown["pretext"])) <= FORM.most_field
    assert len(fields(shown)) == FORM.most_fields
    assert all(len(each["title"]) <= FORM.most_title for each in fields(shown))
    assert all(len(each["value"]) <= FORM.most_field for each in fields(shown))


def test_a_text_has_its_mentions_and_files() -> None:
    found = message(color=None, body=(Mention("bob"), Text(" look")))
    assert text_of_message(found, FORM, {"bob": "@b"}, name="Ann", files=[FILE]) == (
        "**Ann**\n@b look\n\n📎 [a.log](https://r.e/f) (2 kB)"
    )


def test_a_message_is_never_empty() -> None:
    assert text_of_message(message(body=()), FORM, {}) == NO_TEXT
    assert attachment(message(body=()), FORM, {})["text"] == NO_TEXT


def test_a_message_that_was_refused_has_no_marks() -> None:
    form = replace(FORM, most_text=500)
    text = plain_message(message(card=CARD, title="Dev", files=(FILE,)), form)
    assert text.startswith("Jenkins\nDev\n\nBuild failed\n\n[Build \\*17\\*](")
    assert "**" not in text
