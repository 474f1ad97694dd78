"""A karma add-on: `/karma @bob` in a room, and a glance with the room's total.

```sh
pip install 'hipkit[addon]' uvicorn
uvicorn --factory karma_addon:create_app
```

KARMA_URL is the https address at which HipChat reaches it, KARMA_HOSTS names the servers that may
install it, such as `https://chat.example.com`. To try it on this machine together with a server
(extra `server`): `hipkit addon run karma_addon:addon`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from hipkit import HipChat
from hipkit.addon import AddOn, AddOnApp, Installation, Message, User, ViewRequest

addon = AddOn(
    key="com.example.karma",
    name="Karma",
    description="Counts who was thanked in a room.",
    scopes=["send_notification", "view_room"],
)


def change(statement: str, *values: object) -> list[tuple[int]]:
    """Run a statement on the points, in a file of their own, and return its rows."""
    path = Path(os.environ.get("KARMA_POINTS", "karma-points.sqlite3"))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS points (installation TEXT, room INTEGER,"
            " person INTEGER, points INTEGER, PRIMARY KEY (installation, room, person))"
        )
        return database.execute(statement, values).fetchall()


def total(installation: Installation, room_id: int | None) -> int:
    """Return the points of a room."""
    sql = "SELECT COALESCE(SUM(points), 0) FROM points WHERE installation = ? AND room = ?"
    return change(sql, installation.oauth_id, room_id)[0][0]


# Not async: it runs in a thread, so the database does not hold up others.
@addon.command("/karma")
def karma(
    message: Message, who: User, installation: Installation, client: HipChat
) -> str:
    """Give somebody a point."""
    if who.id == message.sender.id:
        return "Nice try."
    (points,) = change(
        "INSERT INTO points VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE"
        " SET points = points + 1 RETURNING points",
        installation.oauth_id,
        message.room.id,
        who.id,
    )[0]
    count = total(installation, message.room.id)
    addon.push_glance(client, "total", f"{count} karma", room=message.room.id)
    return f"{who.name} has {points} now"


@addon.glance("total", name="Karma")
def glance(request: ViewRequest) -> str:
    """Return what is shown when somebody opens the room."""
    return f"{total(request.installation, request.room_id)} karma"


@addon.on_remove
def removed(installation: Installation) -> None:
    """Forget the points of an installation that is gone."""
    change("DELETE FROM points WHERE installation = ?", installation.oauth_id)


def create_app() -> AddOnApp:
    """Return the add-on as an ASGI app."""
    hosts = os.environ.get("KARMA_HOSTS", "https://chat.example.com")
    return addon.asgi(
        base_url=os.environ.get("KARMA_URL", "https://karma.example.com"),
        storage=os.environ.get("KARMA_STORAGE", "karma.sqlite3"),
        allowed_hosts=hosts.split(),
    )
