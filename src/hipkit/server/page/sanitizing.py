"""Makes HTML that somebody sent harmless: few tags, no scripts, styles or outside pictures (pure).

Whatever comes in, what goes out is balanced and holds nothing that is not named here.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

import nh3
from markupsafe import Markup, escape

from hipkit.server.services.texts import Link, is_web_address

__all__ = [
    "ATTRIBUTES",
    "TAGS",
    "own_path",
    "safe_link",
    "sanitize",
    "sanitize_line",
]

LINE_TAGS = {"a", "b", "br", "code", "em", "i", "img", "strong"}
"""What one line may hold, such as the folded form of a card."""

TAGS = LINE_TAGS | {
    *("pre", "ul", "ol", "li", "dl", "dt", "dd", "p"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"),
}
"""Those of HipChat's notifications, and `p`, which programs send all the same."""

CELL = {"colspan", "rowspan"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": CELL,
    "th": CELL,
}
ADDED = {
    "a": {"target": "_blank"},
    "img": {"loading": "lazy", "referrerpolicy": "no-referrer"},
}
RELATION = "noopener noreferrer nofollow"

OWN_PATH = re.compile(r"/(?:files|pictures)/[A-Za-z0-9_-]{20,64}(?:/[^/?#]*)?")
NUMBER = re.compile(r"[0-9]{1,4}%?")
MAIL = re.compile(r"mailto:[^\s<>\"]{1,500}", re.IGNORECASE)

# In what nh3 writes every value stands in double quotes, and none holds one.
LINK_OR_PICTURE = re.compile(
    r'<(?P<name>a|/a|img)(?P<attributes>(?: [a-z]+="[^"]*")*)>'
)
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')


def sanitize(html: str, *, outside_pictures: bool = False) -> Markup:
    """Return what may be shown of HTML that somebody sent."""
    return _withhold_pictures(CLEANER.clean(html), outside_pictures)


def sanitize_line(html: str, *, outside_pictures: bool = False) -> Markup:
    """Return what may be shown of HTML that is to stay one line."""
    return _withhold_pictures(LINE_CLEANER.clean(html), outside_pictures)


def safe_link(url: str | None) -> str | None:
    """Return an address that may be followed: of the web or of a mailbox; `None` for others."""
    if url is None:
        return None
    url = url.strip()
    return url if is_web_address(url) or MAIL.fullmatch(url) else None


def own_path(url: str) -> str | None:
    """Return the path of one of this server's own files, whatever host stands before it.

    Programs may know the server by another name than the reader does. The path is all that is
    used, so nothing but this server is ever asked.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    is_ours = OWN_PATH.fullmatch(parts.path) and parts.scheme in ("", "http", "https")
    return parts.path if is_ours else None


def _filter(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return safe_link(value)
    if name == "src":
        return own_path(value) or (value if is_web_address(value) else None)
    if name in ("width", "height", "colspan", "rowspan"):
        return value if NUMBER.fullmatch(value) else None
    return value


def _cleaner(tags: set[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        attributes={tag: names for tag, names in ATTRIBUTES.items() if tag in tags},
        set_tag_attribute_values=ADDED,
        attribute_filter=_filter,
        link_rel=RELATION,
        url_schemes={"http", "https", "mailto"},
    )


CLEANER = _cleaner(TAGS)
LINE_CLEANER = _cleaner(LINE_TAGS)


def _withhold_pictures(html: str, outside_pictures: bool) -> Markup:
    """Put a link where an outside picture was: loading it would tell its owner who reads."""
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
