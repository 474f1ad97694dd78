"""Reads the event of a stored message into the value that is relayed (pure).

Nothing in it fails: what cannot be read, such as a broken card, is left out, and the message that
HipChat required beside every card is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast, get_args

import msgspec

from hipkit.relay.markup.cleaning import clean_line, safe_url
from hipkit.relay.markup.from_html import read_html_tree
from hipkit.relay.markup.from_text import read_text_tree
from hipkit.relay.markup.links import honest_text
from hipkit.relay.markup.tree import Element, Node, Text
from hipkit.relay.message import (
    Attribute,
    CardStyle,
    Color,
    Level,
    RelayCard,
    RelayFile,
    RelayMessage,
    RelayPicture,
)
from hipkit.server.events.posted import PostedFile, PostedMessage

__all__ = ["read_card", "read_posted"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_NAME = 100
LONGEST_ID = 200
LONGEST_CARD = 64 * 1024
"""Characters of a card's JSON."""
MOST_ATTRIBUTES = 50
LARGEST_PICTURE = 10_000
"""Pixels of a picture's side."""

FIELD = re.compile(r"\{(room|from|color)\}")
LOZENGES: dict[str, Level] = {
    "lozenge": "quiet",
    "lozenge-success": "success",
    "lozenge-error": "failure",
    "lozenge-current": "warning",
    "lozenge-complete": "accent",
    "lozenge-moved": "warning",
}


def read_posted(
    posted: PostedMessage,
    *,
    label: str = "{from}",
    title: str | None = None,
    mentions: Iterable[str] = (),
    link: str | None = None,
    file_link: str | None = None,
) -> RelayMessage:
    """Return a stored message as it is relayed.

    Args:
        posted: The event's content.
        label: The name to show, with `{room}`, `{from}` and `{color}` filled in.
        title: What to show above the text, likewise.
        mentions: Names that are mentions although nobody here has them: those that a route maps.
        link: A signed link to the message, if there is a public address.
        file_link: A signed link to its file, likewise.
    """
    sender = clean_line(posted.sender, LONGEST_NAME) or "HipChat"
    fields = {
        "room": posted.room if posted.room is not None else "private",
        "from": sender,
        "color": posted.color or "",
    }
    return RelayMessage(
        id=posted.id,
        sent_at=EPOCH + timedelta(microseconds=posted.sent_us),
        kind=posted.kind,
        room=None if posted.room is None else clean_line(posted.room),
        sender=sender,
        label=_filled(label, fields) or sender,
        title=_filled(title or "", fields) or None,
        avatar_url=_web_address(posted.avatar_url),
        color=_color(posted.color),
        loud=posted.notify or not {"all", "here"}.isdisjoint(posted.mentions),
        body=_body(posted, sender, mentions),
        card=None if posted.card is None else read_card(posted.card),
        files=() if posted.file is None else (_file(posted.file, file_link),),
        link=link,
        thread=clean_line(posted.attach_to or "", LONGEST_ID) or None,
    )


def _filled(template: str, fields: Mapping[str, str]) -> str:
    text = FIELD.sub(lambda found: fields[found[1]], template)
    return clean_line(text, LONGEST_NAME)


def _color(color: str | None) -> Color | None:
    return cast("Color", color) if color in get_args(Color) else None


def _body(
    posted: PostedMessage, sender: str, mentions: Iterable[str]
) -> tuple[Node, ...]:
    if posted.kind == "topic":
        said = "changed the topic to " if posted.body.strip() else "cleared the topic"
        start = Element(tag="i", children=(Text(said),))
        return (start, *read_text_tree(posted.body, commands=False))
    if posted.format == "html":
        return read_html_tree(posted.body)
    # A route's spelling comes last and counts: its map is looked up by it.
    names = (*posted.mentions, *mentions)
    return read_text_tree(posted.body, mentions=names, sender=sender)


def _file(file: PostedFile, link: str | None) -> RelayFile:
    return RelayFile(
        key=file.key,
        name=clean_line(file.name) or "file",
        size_bytes=file.size_bytes,
        content_type=file.content_type,
        url=link,
    )


# Cards: programs sent members of any type, and servers stored them.


def read_card(text: str) -> RelayCard | None:
    """Return a stored card; `None` if it cannot be read or has nothing to show."""
    if len(text) > LONGEST_CARD:
        return None
    try:
        card: object = msgspec.json.decode(text)
        if isinstance(card, str):  # Some programs encoded it twice.
            card = msgspec.json.decode(card)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    card = _object(card)
    style = card.get("style")
    url = safe_url(_text(card, "url"))
    picture = _picture(card.get("thumbnail"))
    if style == "image" and picture is None:
        picture = _picture(card.get("url"))
    activity = _object(card.get("activity"))
    icon = _picture(card.get("icon")) or _picture(activity.get("icon"))
    read = RelayCard(
        id=clean_line(_text(card, "id"), LONGEST_ID),
        style=cast("CardStyle", style)
        if style in get_args(CardStyle)
        else "application",
        title=honest_text(clean_line(_text(card, "title")), url),
        url=url,
        description=_description(card.get("description")),
        attributes=_attributes(card.get("attributes")),
        activity=read_html_tree(_text(activity, "html")),
        icon=icon,
        thumbnail=picture,
    )
    shown = (read.title, read.description, read.attributes, read.activity, picture)
    return read if any(shown) else None


def _description(value: object) -> tuple[Node, ...]:
    if isinstance(value, str):
        return read_text_tree(value, commands=False)
    description = _object(value)
    text = _text(description, "value")
    if description.get("format") == "html":
        return read_html_tree(text)
    return read_text_tree(text, commands=False)


def _attributes(value: object) -> tuple[Attribute, ...]:
    if not isinstance(value, list):
        return ()
    read = (_attribute(_object(each)) for each in value[:MOST_ATTRIBUTES])
    return tuple(each for each in read if each.label or each.value)


def _attribute(attribute: Mapping[str, object]) -> Attribute:
    value = attribute.get("value")
    if not isinstance(value, dict):
        value = {"label": value}
    url = safe_url(_text(value, "url"))
    return Attribute(
        label=clean_line(_text(attribute, "label")),
        value=honest_text(clean_line(_text(value, "label"), 1_000), url),
        url=url,
        icon=_picture(value.get("icon")),
        level=LOZENGES.get(_text(value, "style")),
    )


def _picture(value: object) -> RelayPicture | None:
    if isinstance(value, str):
        value = {"url": value}
    picture = _object(value)
    url = _web_address(_text(picture, "url"))
    url_2x = _web_address(_text(picture, "url@2x"))
    if url is None and url_2x is None:
        return None
    return RelayPicture(
        url=url or url_2x or "",
        url_2x=url_2x,
        width=_pixels(picture.get("width")),
        height=_pixels(picture.get("height")),
    )


def _web_address(url: str | None) -> str | None:
    safe = safe_url(url)
    return None if safe is None or safe.lower().startswith("mailto:") else safe


def _pixels(value: object) -> int | None:
    is_size = isinstance(value, int | float) and 1 <= value <= LARGEST_PICTURE
    return int(cast("float", value)) if is_size else None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(holder: Mapping[str, object], name: str) -> str:
    """Return a member as text: numbers were sent as such; other types mean nothing."""
    value = holder.get(name)
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value)
