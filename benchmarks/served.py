"""Servers in processes of their own, filled beforehand, kept on one core."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.children import Child
from benchmarks.messages import COLOR, FORMAT, MESSAGE
from benchmarks.scene import Scene
from benchmarks.sending import serving_core
from hipkit import HipChat
from hipkit.server.app import Server, open_server
from hipkit.server.services.messages.message import new_message_id
from hipkit.server.services.people.accounts import (
    UserChanges,
    add_user,
    change_user,
)
from hipkit.server.settings import Settings
from hipkit.server.shared.limits import LimitSettings
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import NewMessage
from hipkit.testing import MemoryTransport
from hipkit.v2.users import CreateUser

__all__ = [
    "ADMIN",
    "NOTIFICATION",
    "PASSWORD",
    "Process",
    "fill",
    "moment_of",
    "running",
    "serve_bare",
    "serve_hipkit",
]

NOTIFICATION = {
    "message": MESSAGE,
    "message_format": FORMAT,
    "color": COLOR,
    "notify": False,
}

FIRST_US = 1_500_000_000_000_000
STEP_US = 60_000_000
"""A message a minute, the first in July 2017."""
MESSAGES_AT_ONCE = 5_000
ADMIN, PASSWORD = "admin@example.com", "correct horse battery staple"
IN_MEMORY = "https://hipchat.test/v2"


@dataclass(frozen=True, slots=True)
class Process:
    """A server that is ready."""

    pid: int
    port: int

    def memory_bytes(self) -> int:
        """Return what it has in memory now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


def fill(
    database: Path, rooms: Mapping[str, int], *, readers: Sequence[str] = ()
) -> str:
    """Create a database with these rooms and so many messages in each; return a token.

    Readers are users with these addresses, who have the administrator's password.
    """
    settings = Settings(
        database=database, limits=LimitSettings(enabled=False), durable=False
    )
    server = asyncio.run(open_server(settings))
    token = settings.token_file.read_text().strip()
    try:
        asyncio.run(_add_people(server, readers))
        transport = MemoryTransport(app=server.api)
        with HipChat(token, base_url=IN_MEMORY, transport=transport) as client:
            for name in rooms:
                client.rooms.create_room(name=name)
        for name, count in rooms.items():
            asyncio.run(_add_messages(server, name, count))
    finally:
        server.close()
    return token


def moment_of(number: int) -> int:
    """Return when the message of this number was sent, in microseconds since 1970."""
    return FIRST_US + number * STEP_US


async def _add_people(server: Server, readers: Sequence[str]) -> None:
    context = await server.runtime.operator_context()
    await change_user(context, ADMIN, UserChanges(password=PASSWORD))
    for email in readers:
        name = email.partition("@")[0]
        await add_user(context, CreateUser(name, email, password=PASSWORD))


async def _add_messages(server: Server, room_name: str, count: int) -> None:
    room = await server.database.stores.rooms.by_name(1, room_name)
    if room is None:
        raise LookupError(room_name)

    async def add(numbers: range, stores: Stores) -> None:
        for number in numbers:
            now_us = moment_of(number)
            message = NewMessage(
                id=new_message_id(now_us),
                kind="notification",
                sender_id=1,
                sender_label="Administrator",
                body=f"{MESSAGE} No. {number}",
                format=FORMAT,
                color=COLOR,
            )
            await stores.messages.add(room.conversation_id, message, now_us)

    for start in range(0, count, MESSAGES_AT_ONCE):
        numbers = range(start, min(count, start + MESSAGES_AT_ONCE))
        await server.database.write(partial(add, numbers))


@contextmanager
def serve_hipkit(scene: Scene, database: Path, *options: str) -> Iterator[Process]:
    """Run `hipkit serve` on a filled database, durable as ever, limits off."""
    command = [sys.executable, "-m", "hipkit.cli", "--json", "serve", "--port", "0"]
    command += ["--db", str(database), "--no-rate-limits", *options]
    with running(scene, command) as (process, line):
        base_url = str(json.loads(line)["base_url"])
        port = int(base_url.rpartition(":")[2].partition("/")[0])
        yield Process(process.pid, port)


@contextmanager
def serve_bare(scene: Scene, database: Path) -> Iterator[Process]:
    """Run the application that hipkit is measured against on a filled database."""
    program = str(Path(__file__).parent / "programs" / "bare_server.py")
    command = [sys.executable, program, str(database)]
    with running(scene, command) as (process, line):
        yield Process(process.pid, int(line))


@contextmanager
def running(scene: Scene, command: list[str]) -> Iterator[tuple[Child, str]]:
    """Run a server, and yield its process and the first line that it writes."""
    with Child("a server", command, scene.environment()) as process:
        core = serving_core()
        if core is not None:
            # While it has but one thread: those that it starts later stay there too.
            os.sched_setaffinity(process.pid, [core])
        line = process.read()
        try:
            yield process, line
        finally:
            process.terminate()
