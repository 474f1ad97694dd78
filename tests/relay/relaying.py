"""Starts `hipkit relay` as a person would, and reads what arrives in a room of Matrix."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.e2e.serving import HIPKIT, Running
from tests.relay.homeserver import Member

__all__ = ["RoomFeed", "email_route", "matrix_route", "relaying", "write_secret"]

FILE = "relay.toml"
LONG_POLL_MS = 30_000
MOST_SILENCES = 10
"""Answers without a message, after which what is waited for counts as lost."""


def write_secret(folder: Path, name: str, text: str) -> str:
    """Write a secret as only its owner may read it, and return how a file refers to it."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    return f"file:{path}"


def matrix_route(folder: Path, bot: Member, room: str, **more: str) -> str:
    """Return a route of everything into a room of Matrix."""
    values = {
        "to": "matrix",
        "homeserver": bot.server.base_url,
        "room": room,
        "token": write_secret(folder, "matrix-token", bot.token),
    }
    return _route("matrix", values | more)


def email_route(folder: Path, port: int, password: str, **more: str) -> str:
    """Return a route of everything to a mail server on this machine."""
    values = {
        "to": "email",
        "server": "localhost",
        "sender": "relay@example.com",
        "username": "relay",
        "password": write_secret(folder, "mail-password", password),
    }
    extra = f'port = {port}\nrecipients = ["ops@example.com"]\n'
    return _route("email", values | more) + extra


def _route(name: str, values: Mapping[str, str]) -> str:
    lines = [f'{key} = "{value}"' for key, value in values.items()]
    lines += ['rooms = "*"', "private = true", "allow_private_network = true"]
    return "\n".join(["[[route]]", f'name = "{name}"', *lines, ""])


@contextlib.contextmanager
def relaying(
    folder: Path, *options: str, port: int = 0, authority: Path | None = None
) -> Iterator[Running]:
    """Run `hipkit relay` with the file of a folder.

    Args:
        folder: Where `relay.toml` is, and its database.
        options: Further options.
        port: 0 for any.
        authority: The certificate of an authority that it trusts.
    """
    environment = dict(os.environ)
    if authority is not None:
        environment["SSL_CERT_FILE"] = str(authority)
    process = subprocess.Popen(
        [*HIPKIT, "relay", FILE, "--port", str(port), *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stderr_lines: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    listener = threading.Thread(
        target=stderr_lines.extend, args=(process.stderr,), daemon=True
    )
    listener.start()
    try:
        line = process.stdout.readline()
        if not line:
            process.wait()
            listener.join()
            raise RuntimeError(f"the relay did not start: {''.join(stderr_lines)}")
        # Behind the public address, if there is one.
        address = line.split()[-1]
        token = (folder / "relay.db.admin-token").read_text().strip()
        yield Running(process, address, token, folder, stderr_lines)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        listener.join()
        process.stdout.close()
        process.stderr.close()


class RoomFeed:
    """What arrives in a room, in order, as it arrives.

    Args:
        member: A user who is in the room.
        room_id: The room.
    """

    def __init__(self, member: Member, room_id: str) -> None:
        self._member, self._room_id = member, room_id
        self._since = self._sync("timeout=0")["next_batch"]

    def next(self) -> list[dict[str, Any]]:
        """Wait for messages, and return them; empty if there were none for a while."""
        since = quote(self._since, safe="")
        page = self._sync(f"timeout={LONG_POLL_MS}&since={since}")
        self._since = page["next_batch"]
        joined = page.get("rooms", {}).get("join", {}).get(self._room_id, {})
        timeline = joined.get("timeline", {})
        events = timeline.get("events", [])
        if timeline.get("limited"):
            events = self._between(since, timeline["prev_batch"]) + events
        return [event for event in events if event["type"] == "m.room.message"]

    def until(self, text: str) -> list[dict[str, Any]]:
        """Return all messages up to the first whose text holds another."""
        found: list[dict[str, Any]] = []
        silences = 0
        while not any(text in event["content"]["body"] for event in found):
            news = self.next()
            silences = 0 if news else silences + 1
            assert silences < MOST_SILENCES, f"{len(found)} came, and {text!r} did not"
            found += news
        return found

    def _between(self, since: str, end: str) -> list[dict[str, Any]]:
        """Return what came between two places, where one answer did not hold it all."""
        room = quote(self._room_id, safe="")
        events: list[dict[str, Any]] = []
        while True:
            query = f"dir=b&limit=500&from={quote(end, safe='')}&to={since}"
            status, page = self._member.call("GET", f"/rooms/{room}/messages?{query}")
            assert status == 200, page
            events = page["chunk"][::-1] + events
            if "end" not in page or not page["chunk"]:
                return events
            end = page["end"]

    def _sync(self, query: str) -> dict[str, Any]:
        room_filter = quote(
            '{"presence":{"types":[]},"account_data":{"types":[]},'
            '"room":{"timeline":{"limit":500},"ephemeral":{"types":[]}}}'
        )
        status, page = self._member.call("GET", f"/sync?{query}&filter={room_filter}")
        assert status == 200, page
        return page
