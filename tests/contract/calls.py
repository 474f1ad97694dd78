"""Every operation with arguments that are hard to carry, for all tests that call everything.

Values stand by argument name, and by operation where the name alone does not say enough. The
nasty ones are where an argument is free text: slashes, percent signs, question marks, quotes,
letters of several scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from hipkit import File, Operation
from hipkit.v2.catalog import OPERATIONS
from hipkit.v2.models import (
    Card,
    CardActivity,
    CardAttribute,
    CardAttributeValue,
    CardDescription,
    CardThumbnail,
    Condition,
    DialogAction,
    DialogFilter,
    DialogOptions,
    DialogSize,
    GlanceContent,
    GlanceIcon,
    GlanceLabel,
    GlanceStatus,
    GlanceStatusValue,
    GlanceUpdate,
    Icon,
    OwnerReference,
    PresenceUpdate,
    Target,
    TextI18n,
    WebPanelIcon,
)

__all__ = ["CLASSES", "OPERATION_IDS", "Call", "Variant", "calls", "group_of"]

Variant = Literal["all", "required", "null"]
CLASSES: dict[str, type[Operation[Any]]] = {
    entry.operation_id: entry.load() for entry in OPERATIONS
}
OPERATION_IDS = list(CLASSES)

ROOM = "Dev Ops/100% #1? @jäne 🎉 שלום & co+;=é"
PERSON = "jürgen+x/y@example.com"
TEXT = 'Grüße, "Welt" \\ <b>50%</b>\n\t@all 🎉 שלום'
ADDRESS = "https://example.com/a b?x=1&y=ä#z"
CONDITIONS = [
    Condition(condition="room_is_public", invert=True, params={"a": [1, None, "ü"]}),
    Condition(
        type="OR",
        conditions=[Condition(condition="user_is_admin"), Condition(type="and")],
    ),
]
CARD = Card(
    style="application",
    id="card-1/ü",
    title="Build 🎉 failed",
    description=CardDescription(value="<b>3</b> of 500 & counting", format="html"),
    format="medium",
    url=ADDRESS,
    thumbnail=CardThumbnail(
        url="https://example.com/1.png",
        url_2x="https://example.com/2.png",
        width=64.5,
        height=48,
    ),
    icon=Icon(url="https://example.com/i.png", url_2x="https://example.com/i2.png"),
    activity=CardActivity(html="<i>done</i>", icon="https://example.com/a.png"),
    attributes=[
        CardAttribute(
            label="state",
            value=CardAttributeValue(
                label="failed",
                url=ADDRESS,
                style="lozenge-error",
                icon=Icon(url="https://example.com/l.png"),
            ),
        ),
        CardAttribute(value=CardAttributeValue(label="bare")),
    ],
    metadata={"ünïcode": {"nested": [True, 1.5]}},
)

VALUES: dict[str, object] = {
    "access_token": "tok/en?#%=+ ü",
    "attach_to": "c1f6a8a8-1a0f-4c5e-9a0e-0123456789ab",
    "authentication": "jwt",
    "avatar": "iVBORw0KGgo=",
    "card": CARD,
    "client_name": "Mein Klient & co",
    "code": "c/o=d+e 1",
    "color": "purple",
    "conditions": CONDITIONS,
    "created": "2014-09-26T10:44:04+00:00",
    "date": datetime(2016, 9, 9, 8, 23, 2, 932694, tzinfo=UTC),
    "delegate_admin_visibility": False,
    "draft": "v4",
    "email": "jürgen+test@example.com",
    "emoticon_id_or_key": "boom/🎉",
    "file_id": "7c2f5173/c9f9",
    "thumbnail": True,
    "end_date": datetime(2016, 9, 1, 12, 0, tzinfo=timezone(timedelta(hours=5.5))),
    "event": "room_message",
    "expand": ["items", "items.owner", "a,b&c"],
    "file": File(b"line 1\r\n--not the boundary\r\n\x00end", name='grüße "1"\r\n.txt'),
    "from_": "Jenkins & Söhne 🎉",
    "glance": [
        GlanceUpdate(
            key="my.glance",
            content=GlanceContent(
                label=GlanceLabel(type="html", value="<b>4</b> öpen"),
                status=GlanceStatus(
                    type="lozenge",
                    value=GlanceStatusValue(type="success", label="good"),
                ),
                metadata={"n": 4, "nothing": None},
            ),
        ),
        GlanceUpdate(
            key="other",
            content=GlanceContent(
                label=GlanceLabel(type="html", value="x"),
                status=GlanceStatus(
                    type="icon",
                    value=GlanceStatusValue(
                        url="https://example.com/1.png",
                        url_2x="https://example.com/2.png",
                    ),
                ),
            ),
        ),
    ],
    "grant_type": "password",
    "group_id": "7/8",
    "guest_access": True,
    "icon": GlanceIcon(
        url="https://example.com/1.png", url_2x="https://example.com/2.png"
    ),
    "id_or_email": PERSON,
    "include_archived": True,
    "include_deleted": False,
    "include_guests": True,
    "include_offline": True,
    "include_private": False,
    "integration_id_or_key": "com.example.add-on/ü",
    "is_archived": False,
    "is_group_admin": True,
    "is_guest_accessible": True,
    "key": "my-key_1.0/ü",
    "link": ADDRESS,
    "location": "hipchat.message.action",
    "max_results": 1000,
    "mention_name": "jürgen",
    "message": TEXT,
    "message_format": "text",
    "message_id": "c1f6a8a8/1a0f?4c5e",
    "name": 'Jürgen "J" O\'Neil',
    "not_before": "a/b c",
    "notify": False,
    "options": DialogOptions(
        style="warning",
        size=DialogSize(width="400px", height="100%"),
        hint=TextI18n(value="Hinweis: ä", i18n="hint.key"),
        filter=DialogFilter(placeholder=TextI18n(value="Suche")),
        primary_action=DialogAction(
            name=TextI18n(value="Los"), key="go", enabled=False
        ),
        secondary_actions=[DialogAction(name=TextI18n(value="Nein"))],
    ),
    "owner": OwnerReference(id="@jürgen"),
    "owner_user_id": 42,
    "parent_message_id": "c1f6a8a8/1a0f",
    "password": "p&ä=s s+w%rd",
    "pattern": "^/(ü|\\d+)\\s*$",
    "photo": b"\x89PNG\r\n\x1a\n\x00\xff",
    "presence": PresenceUpdate(status="bin wëg", show="dnd"),
    "privacy": "private",
    "query_url": "https://example.com/glance?a=1",
    "reason": "Wir brauchen dich, 🎉",
    "redirect_uri": "https://example.com/back?a=1&b=ü",
    "refresh_token": "re/fresh+1=",
    "reverse": False,
    "roles": ["admin", "ein neuer"],
    "room_id_or_name": ROOM,
    "room_roles": ["room_admin", "room_member"],
    "scope": "send_notification view_room",
    "size": "big",
    "start_index": 0,
    "target": Target(key="my.dialog", options={"width": "100%", "n": None}),
    "timezone": "Europe/Zürich & more",
    "title": "Chefin für alles",
    "token": "on/ce?#%25",
    "topic": TEXT,
    "ttl": 3600,
    "type": "all",
    "url": "https://example.com/hook?a=ü",
    "user_id": 9007199254740993,
    "user_id_or_email": "@jürgen/x",
    "username": "jürgen@example.com",
    "webhook_id": 123456789,
    "weight": 0,
}
FULL_NAME = TextI18n(value="Öffnen & mehr", i18n="open.key")
MODULES: dict[str, dict[str, object]] = {
    "action": {"name": FULL_NAME},
    "dialog": {"title": FULL_NAME},
    "external_page": {"name": FULL_NAME},
    "glance": {"name": FULL_NAME},
    "web_panel": {
        "name": FULL_NAME,
        "icon": WebPanelIcon(
            url="https://example.com/1.png", url_2x="https://example.com/2.png"
        ),
        "location": "hipchat.sidebar.right",
    },
}
BY_OPERATION: dict[str, dict[str, object]] = {
    "create_integration_link": {"target": "my.dialog"},
    **{f"create_global_{module}": values for module, values in MODULES.items()},
    **{f"create_room_{module}": values for module, values in MODULES.items()},
}
PLAIN: dict[str, object] = {
    "emoticon_id_or_key": 1,
    "file_id": "1",
    "file": b"only bytes",
    "glance": [],
    "grant_type": "client_credentials",
    "group_id": 7,
    "id_or_email": 42,
    "message_id": "c1f6a8a8-1a0f-4c5e-9a0e-0123456789ab",
    "name": "n",
    "owner": OwnerReference(id=42),
    "photo": "iVBORw0KGgo=",
    "room_id_or_name": 3,
    "size": "small",
    "target": "my.dialog",
    "topic": "",
    "user_id_or_email": "jane@example.com",
}
"""What the calls with only the required arguments take in place of the values above."""


@dataclass(frozen=True)
class Call:
    """A call of one operation: its arguments under their Python names."""

    operation_id: str
    variant: Variant
    arguments: dict[str, object]

    @property
    def operation(self) -> Operation[Any]:
        return CLASSES[self.operation_id](**self.arguments)

    def on(self, api: Any) -> Any:
        """Call the method of this operation: what the path names by place, the rest by name."""
        kind = CLASSES[self.operation_id]
        in_path = re.findall(r"\{(\w+)\}", kind.path)
        method = getattr(group_of(api, kind), self.operation_id)
        rest = {
            name: value for name, value in self.arguments.items() if name not in in_path
        }
        return method(*(self.arguments[name] for name in in_path), **rest)


def group_of(api: Any, kind: type[Operation[Any]]) -> Any:
    """Return the group of methods that an operation belongs to."""
    return getattr(api, kind.tag.lower().replace(" ", "_"))


def calls(operation_id: str) -> Iterator[Call]:
    """Give an operation's calls: with all arguments, with the required ones, with nulls."""
    fields = msgspec.structs.fields(CLASSES[operation_id])
    special = BY_OPERATION.get(operation_id, {})
    full = {field.name: special.get(field.name, VALUES[field.name]) for field in fields}
    plain = {
        field.name: PLAIN[field.name]
        if field.name in PLAIN and field.name not in special
        else full[field.name]
        for field in fields
        if field.required
    }
    yield Call(operation_id, "all", full)
    yield Call(operation_id, "required", plain)
    nulls = {field.name: None for field in fields if field.default is UNSET}
    if nulls:
        yield Call(operation_id, "null", {**plain, **nulls})
