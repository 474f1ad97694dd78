"""Messages that nobody sent: for checks, and for trying a route."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.util import find_spec
from uuid import UUID

from hipkit.extras import install_hint
from hipkit.relay.message import Color, RelayMessage
from hipkit.relay.reading import read_posted
from hipkit.relay.routes.route import Route, is_like
from hipkit.relay.targets.protocol import (
    PLACE,
    HttpCall,
    Mail,
    Rendered,
    RenderOptions,
)
from hipkit.server.events.posted import PostedMessage

__all__ = ["make_sample", "make_try", "missing_extra", "render_sample"]

SAMPLE_ID = UUID("5a3b1c9e-0000-4000-8000-000000000001")
SAMPLE_TEXT = (
    '<b>Build 42</b> of <a href="https://ci.example.com/42">main</a> failed: '
    "<code>3</code> of 1,204 tests"
)
ROOM = "Dev Ops"
ANYTHING, LETTERS = "main", "1ax"
SIGNS = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]")
"""What is no letter of its own in a pattern."""
SENDER = "Jenkins"


def make_sample(route: Route, now: datetime) -> RelayMessage:
    """Return a red notification as a route would get it, with markup and a link."""
    posted = PostedMessage(
        id=str(SAMPLE_ID),
        sent_us=int(now.timestamp() * 1_000_000),
        kind="notification",
        room=room_of(route),
        body=SAMPLE_TEXT,
        format="html",
        sender=SENDER,
        color="red",
        notify=True,
    )
    return _as_routed(posted, route)


def make_try(
    route: Route,
    text: str,
    *,
    message_id: UUID,
    now: datetime,
    color: Color,
    room: str | None,
    sender: str,
    notify: bool,
    html: bool,
) -> RelayMessage:
    """Return a notification with a text, as a route would get it."""
    posted = PostedMessage(
        id=str(message_id),
        sent_us=int(now.timestamp() * 1_000_000),
        kind="notification",
        room=room or room_of(route),
        body=text,
        format="html" if html else "text",
        sender=sender,
        color=color,
        notify=notify,
    )
    return _as_routed(posted, route)


def _as_routed(posted: PostedMessage, route: Route) -> RelayMessage:
    return read_posted(
        posted, label=route.label, title=route.title, mentions=route.mentions
    )


def render_sample(route: Route) -> Rendered:
    """Return a sample as the route's target gets it, with a place for those that look it up."""
    now = datetime.now(UTC)
    options = RenderOptions(
        mentions=route.mentions,
        notify=route.notify,
        references={PLACE: "ROOM"},
        now=now,
    )
    return route.target.render(make_sample(route, now), route.settings, options)


def missing_extra(rendered: Rendered) -> str | None:
    """Return what to install before something can be sent; `None` for nothing."""
    if isinstance(rendered, HttpCall):
        return None
    package, extra = (
        ("aiosmtplib", "relay")
        if isinstance(rendered, Mail)
        else ("apprise", "apprise")
    )
    if find_spec(package) is not None:
        return None
    return f"it needs the extra {extra}: {install_hint(extra)}"


def room_of(route: Route) -> str:
    """Return a name of a room that a route takes messages of, the usual one where it can be."""
    rooms = route.rooms or (ROOM,)
    plain = [name for name in rooms if not SIGNS.search(name)]
    names = (*plain, ROOM, *map(_filled, rooms))
    return next((name for name in names if is_like(rooms, name)), rooms[0])


def _filled(pattern: str) -> str:
    """Return a name that a pattern is meant for, such as `Build main` for `Build *`."""
    return SIGNS.sub(_letters, pattern)


def _letters(found: re.Match[str]) -> str:
    sign = found.group()
    if sign.startswith("*"):
        return ANYTHING
    candidates = (*LETTERS, *sign[1:-1])
    return next((each for each in candidates if is_like((sign,), each)), "")
