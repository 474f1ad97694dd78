"""Prepares stored cards for their template (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from markupsafe import Markup, escape

from hipkit.api.bodies.reading import UnreadableError
from hipkit.api.messages.message_html import CARD_TAGS, LINE_TAGS, plain_text
from hipkit.server.page.sanitizer import (
    own_path,
    safe_link,
    sanitize,
)
from hipkit.server.services.representations.lines import one_line
from hipkit.v2.models import Card, CardAttribute, CardDescription, Icon

__all__ = ["CardView", "PictureView", "card_view", "picture_view"]

LOZENGES = ("success", "error", "current", "complete", "moved")


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture that is shown, or an outside one that is only linked to."""

    address: str
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeView:
    """A labelled value."""

    label: str
    value: str
    link: str | None
    lozenge: str | None
    """The lozenge's kind, `plain` for the one without; `None` for no lozenge."""
    icon: PictureView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card whose texts are safe to show."""

    style: str
    is_compact: bool
    title: str
    link: str | None
    description: Markup
    description_text: str
    """The same without tags."""
    is_description_typed: bool
    """Whether it is plain text, in which line ends count."""
    icon: PictureView | None
    thumbnail: PictureView | None
    activity: Markup | None
    activity_icon: PictureView | None
    attributes: list[AttributeView]


def card_view(text: str, *, outside_pictures: bool = False) -> CardView | None:
    """Return the view of a stored card; `None` where HipChat's clients drew nothing.

    They drew no links without title and description, and no images without an address.
    """
    try:
        card = Card.from_json(text)
    except UnreadableError:
        return None
    clean = partial(sanitize, outside_pictures=outside_pictures)
    description, as_text, is_typed = _description(card.description, outside_pictures)
    is_empty_link = card.style == "link" and not (card.title and description)
    if is_empty_link or (card.style == "image" and not card.url):
        return None
    thumbnail = card.thumbnail.url if card.thumbnail else None
    if card.style == "image":
        thumbnail = thumbnail or card.url
    activity = card.activity
    return CardView(
        style=card.style if card.style in STYLES else "application",
        is_compact=card.format == "compact",
        title=one_line(card.title),
        link=safe_link(card.url),
        description=description,
        description_text=as_text,
        is_description_typed=is_typed,
        icon=_icon(card.icon, outside_pictures),
        thumbnail=picture_view(thumbnail, outside_pictures=outside_pictures),
        activity=clean(activity.html, LINE_TAGS) if activity else None,
        activity_icon=_icon(activity.icon, outside_pictures) if activity else None,
        attributes=[_attribute(one, outside_pictures) for one in card.attributes or ()],
    )


STYLES = ("file", "image", "application", "link", "media")


def picture_view(
    url: str | None, *, outside_pictures: bool = False
) -> PictureView | None:
    """Return a picture; `None` if the address is not a web address."""
    if url is None:
        return None
    path = own_path(url)
    if path is not None:
        return PictureView(path, is_shown=True)
    link = safe_link(url)
    if link is None or link.lower().startswith("mailto:"):
        return None
    return PictureView(link, is_shown=outside_pictures)


def _icon(icon: str | Icon | None, outside_pictures: bool) -> PictureView | None:
    """Return an icon; `None` if it may not be loaded, as a link would say nothing."""
    url = icon.url if isinstance(icon, Icon) else icon
    picture = picture_view(url, outside_pictures=outside_pictures)
    return picture if picture and picture.is_shown else None


def _description(
    description: str | CardDescription | None, outside_pictures: bool
) -> tuple[Markup, str, bool]:
    """Return a description as HTML and as text, and whether it was typed as text."""
    if not isinstance(description, CardDescription):
        description = CardDescription(value=description or "", format="text")
    text = description.value
    if description.format != "html":
        return escape(text), text, True
    html = sanitize(text, CARD_TAGS, outside_pictures=outside_pictures)
    return html, plain_text(text, CARD_TAGS), False


def _attribute(attribute: CardAttribute, outside_pictures: bool) -> AttributeView:
    value = attribute.value
    style, _, kind = (value.style or "").partition("-")
    lozenge = None
    if style == "lozenge":
        lozenge = kind if kind in LOZENGES else "plain"
    return AttributeView(
        label=one_line(attribute.label or ""),
        value=one_line(value.label),
        link=safe_link(value.url),
        lozenge=lozenge,
        icon=_icon(value.icon, outside_pictures),
    )
