"""The group that programs of others find: set up the same way to record them and to replay them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

from tests.e2e.serving import Running, admin

SCOPES = (
    *("send_notification", "view_room", "view_group", "admin_room"),
    *("admin_group", "send_message", "manage_rooms", "view_messages"),
)
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def prepare(folder: Path, server: Running) -> dict[str, str]:
    """Make rooms, people and tokens, and return what programs know of them, by name."""
    for name in ("Jane Doe", "Bob Ray"):
        email = f"{name.split()[0].lower()}@example.com"
        admin(folder, "user", "add", name, email)
    owner = ("--owner", "jane@example.com")
    admin(folder, "room", "add", "Dev Ops", *owner)
    admin(folder, "room", "add", "Secret", *owner, "--private")
    (folder / "party.png").write_bytes(PICTURE)
    admin(folder, "emoticon", "add", "party", "party.png")
    token = ("token", "add")
    room = admin(folder, *token, "--room", "Dev Ops", "--name", "Jenkins")
    jane = admin(folder, *token, "--user", "jane@example.com", "--name", "Jane")
    reader = admin(folder, *token, "--user", "admin@example.com", "--name", "Reader")
    chosen = [part for scope in SCOPES for part in ("--scope", scope)]
    client = admin(folder, "client", "add", "Addon", *chosen)
    return {
        "admin token": server.token,
        "room token": str(room["token"]),
        "jane token": str(jane["token"]),
        "reader token": str(reader["token"]),  # for the tests, with limits of its own
        "client credentials": basic(f"{client['id']}:{client['secret']}"),
        "wrong credentials": basic(f"{client['id']}:wrong"),
        "client id": str(client["id"]),
        "client secret": str(client["secret"]),
    }


def basic(credentials: str) -> str:
    return base64.b64encode(credentials.encode()).decode()


def said(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a history says, in no order: some programs send several at once."""
    found = []
    for message in page["items"]:
        sender = message["from"]
        shown = {
            "from": sender["name"] if isinstance(sender, dict) else sender,
            "message": message["message"],
            "type": message["type"],
        }
        members = ("color", "message_format", "card")
        shown |= {m: message[m] for m in members if message.get(m) is not None}
        found.append(shown)
    return sorted(found, key=itemgetter("message"))
