"""Sanitizes HTML of messages and cards: few tags, no scripts, styles or outside pictures (pure).

The output is balanced and contains no tag that is not listed; everything else is shown as text.
Read next: `hipkit.api.messages.message_html`, which separates tags from text.
"""

from __future__ import annotations

import re
from collections.abc import Set
from html import unescape
from typing import Literal
from urllib.parse import urlsplit

import nh3
from markupsafe import Markup, escape

from hipkit.api.addresses import is_web_address
from hipkit.api.messages.mentions_and_links import Link
from hipkit.api.messages.message_html import TAGS, Tag, Text, read_html
from hipkit.server.page.styles import CLASSES, clamped, read_style

__all__ = [
    "ATTRIBUTES",
    "TAGS",
    "own_path",
    "safe_link",
    "sanitize",
]

CELL = {"colspan", "rowspan", "valign"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height", "align"},
    "span": {"class"},
    "td": CELL,
    "th": CELL,
    "tr": {"valign"},
}
ADDED = {
    "a": {"target": "_blank"},
    "img": {"loading": "lazy", "referrerpolicy": "no-referrer"},
}
RELATION = "noopener noreferrer nofollow"

OWN_PATH = re.compile(r"/(?:files|pictures)/[A-Za-z0-9_-]{20,64}(?:/[^/?#]*)?")
MOST_CELLS = 100
CELLS = re.compile(r"[1-9][0-9]{0,8}")
ALIGNMENTS = {"baseline", "bottom", "left", "middle", "right", "top"}
MAIL = re.compile(r"mailto:[^\s<>\"]{1,500}", re.IGNORECASE)

# nh3 writes every value in double quotes, and escapes those within.
LINK_OR_PICTURE = re.compile(
    r'<(?P<name>a|/a|img)(?P<attributes>(?: [a-z]+="[^"]*")*)>'
)
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')


def sanitize(
    html: str, tags: Set[str] = TAGS, *, outside_pictures: bool = False
) -> Markup:
    """Return HTML that is safe to show.

    Tags that are not supported become text first, as they were typed, because nh3 would drop
    them. The security of the result rests on nh3 alone, which runs last.
    """
    escaped = "".join(map(_escaped, read_html(html, tags)))
    return _withhold_pictures(CLEANER.clean(escaped), outside_pictures)


def safe_link(url: str | None) -> str | None:
    """Return an address if it is `http`, `https` or `mailto`; `None` for any other."""
    if url is None:
        return None
    url = url.strip()
    return url if is_web_address(url) or MAIL.fullmatch(url) else None


def own_path(url: str) -> str | None:
    """Return the path of one of this server's files, whatever the host of the address.

    Programs may know the server by another name than the reader does. Only the path is used, so
    the browser asks no other server.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    is_ours = OWN_PATH.fullmatch(parts.path) and parts.scheme in ("", "http", "https")
    return parts.path if is_ours else None


def _escaped(part: Text | Tag) -> str:
    if isinstance(part, Text):
        text = part.source.replace("\0", "\ufffd")
        if part.is_typed:
            text = text.replace("&", "&amp;")
        return text.replace("<", "&lt;").replace(">", "&gt;")
    if part.is_end:
        return f"</{part.name}>"
    attributes = dict(part.attributes)
    style = read_style(unescape(attributes.pop("style", "")))
    attributes.pop("class", None)
    if part.name == "span":
        attributes["class"] = " ".join(style.classes)
    elif part.name == "img":
        attributes |= style.sizes
    known = ATTRIBUTES.get(part.name, set())
    kept = [
        ' {}="{}"'.format(name, value.replace('"', "&quot;"))
        for name, value in attributes.items()
        if name in known and value
    ]
    return f"<{part.name}{''.join(kept)}>"


def _filter(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return safe_link(value)
    if name == "src":
        return own_path(value) or (value if is_web_address(value) else None)
    if name in ("width", "height"):
        return clamped(value)
    if name in ("colspan", "rowspan"):
        return str(min(int(value), MOST_CELLS)) if CELLS.fullmatch(value) else None
    if name in ("align", "valign"):
        return value.lower() if value.lower() in ALIGNMENTS else None
    return value


CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    attributes={
        tag: names - {"class"} for tag, names in ATTRIBUTES.items() if tag in TAGS
    },
    allowed_classes={"span": set(CLASSES)},
    set_tag_attribute_values=ADDED,
    attribute_filter=_filter,
    link_rel=RELATION,
    url_schemes={"http", "https", "mailto"},
)


def _withhold_pictures(html: str, outside_pictures: bool) -> Markup:
    """Replace outside pictures by links: loading one would tell its server who reads."""
    if outside_pictures or "<img" not in html:
        return Markup(html)  # noqa: S704 - nh3's
    is_in_link = False

    def replace(found: re.Match[str]) -> str:
        nonlocal is_in_link
        name: Literal["a", "/a", "img"] | str = found["name"]
        if name != "img":
            is_in_link = name == "a"
            return found.group()
        # The values stay escaped as they are.
        values = dict(ATTRIBUTE.findall(found["attributes"]))
        source = values.get("src", "")
        if source.startswith("/"):
            return found.group()
        shown = values.get("alt") or escape(Link(source).name[:100]) or "picture"
        if is_in_link or not source:
            return f'<span class="picture-link">{shown}</span>'
        return (
            f'<a class="picture-link" href="{source}" rel="{RELATION}"'
            f' target="_blank">{shown}</a>'
        )

    return Markup(LINK_OR_PICTURE.sub(replace, html))  # noqa: S704 - nh3's, and escaped above
