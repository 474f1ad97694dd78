"""What an add-on called, as tests assert it, and the scopes that it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from hipkit.v2.models import GlanceContent

__all__ = ["GlancePush", "TestCall", "pushes_in", "remember_scopes", "used_scopes"]

PUSHING = frozenset(
    {
        "addon_ui_update",
        "room_addon_ui_update",
        "user_addon_ui_update",
        "user_in_room_addon_ui_update",
    }
)
"""The operations that push to glances."""

_used: dict[str, set[str]] = {}


@dataclass(frozen=True, kw_only=True)
class TestCall:
    """A call of an add-on to the server.

    Attributes:
        addon: The add-on's key.
        installation_id: The installation whose token it had; `None` without a token.
        operation: The operation, such as `send_room_notification`.
        arguments: The arguments in the path, as text.
        body: What was sent: an object from JSON; `None` without JSON.
        status: The status of the answer; `None` if there was none.
        scopes: Those of the add-on's scopes that allow it: each of them alone is enough.
    """

    __test__ = False  # Not a class of tests, although pytest would take it for one.

    addon: str
    installation_id: str | None
    operation: str
    arguments: Mapping[str, str]
    body: object = field(repr=False)
    status: int | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GlancePush:
    """New content of a glance, which the server has accepted.

    Attributes:
        key: The glance's key.
        content: Its content.
        room: Id or name of the room whose people see it, as it was sent; `None` for all rooms.
        user: Id or name of the user who sees it; `None` for everyone.
    """

    key: str
    content: GlanceContent
    room: str | None
    user: str | None

    @property
    def label(self) -> str:
        """The text of its label, which is HTML."""
        return self.content.label.value


class _Pushed(msgspec.Struct):
    key: str
    content: dict[str, object]


class _Push(msgspec.Struct):
    glance: list[_Pushed]


def pushes_in(call: TestCall) -> list[GlancePush]:
    """Return what a call pushed to glances."""
    if call.operation not in PUSHING or call.status is None or call.status >= 400:
        return []
    push = msgspec.convert(call.body, _Push)
    return [
        GlancePush(
            key=each.key,
            content=GlanceContent.from_json(msgspec.json.encode(each.content)),
            room=call.arguments.get("room_id_or_name"),
            user=call.arguments.get("user_id_or_email"),
        )
        for each in push.glance
    ]


def remember_scopes(call: TestCall) -> None:
    """Remember the scopes that a successful call used, for `hipkit addon check`."""
    if call.status is not None and call.status < 400:
        _used.setdefault(call.addon, set()).update(call.scopes)


def used_scopes() -> dict[str, list[str]]:
    """Return the scopes that successful calls of this process used, by the key of the add-on."""
    return {key: sorted(scopes) for key, scopes in _used.items()}
