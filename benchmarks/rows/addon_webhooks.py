"""Webhooks that an add-on verifies, stores and handles, against an app that does nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.children import Child
from benchmarks.measuring import Spread, quotients
from benchmarks.report import Table, figure, judged, times
from benchmarks.scene import Scene
from benchmarks.sending import Sender
from benchmarks.served import running
from hipkit.server.services.webhooks.signatures import sign_request

__all__ = ["OAUTH_ID", "ORIGIN", "SECRET", "WEBHOOK", "measure"]

OAUTH_ID = "ad1333f0-c5ae-4330-9151-38454e7c86a7"
SECRET = "Zm9vYmFyMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"  # noqa: S105 - opens nothing
ORIGIN = "https://chat.example.com"
WEBHOOK = "karma"
APPS = {
    "bare": "an app that does nothing",
    "memory": "the kit, storage in memory",
    "sqlite": "the kit, storage in SQLite",
}
ROOMS = range(1, 26)
CONNECTIONS = 64
REQUESTS = 3_200
ROUNDS = 21
GOOD_SECONDS = 24 * 60 * 60
LEAST_SHARE = 1 / 3
AIM = "at least a third"


@dataclass
class _Contestant:
    """An app in its process, and what its turns took."""

    server: Child
    sender: Sender
    handled: int = 0
    cpu_seconds: float = 0.0
    seconds: list[float] = field(default_factory=list)
    """From the first request until all events were handled."""
    late: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """For each request."""

    def take_turn(self, requests: int) -> None:
        """Get so many webhooks.

        Raises:
            RuntimeError: Not all were handled.
        """
        began = time.perf_counter()
        turn = self.sender.take_turn(requests)
        handled, cpu = self.server.ask("").split()
        self.seconds.append(time.perf_counter() - began)
        self.late.append(turn.late)
        self.cpu.append((float(cpu) - self.cpu_seconds) / requests)
        if int(handled) - self.handled != requests:
            raise RuntimeError("not all webhooks were handled")
        self.handled, self.cpu_seconds = int(handled), float(cpu)

    def forget(self) -> None:
        """Leave out the turns so far."""
        for taken in (self.seconds, self.late, self.cpu):
            taken.clear()


def measure(scene: Scene) -> Table:
    """Send the same webhooks to all apps, in turn."""
    requests = scene.calls(REQUESTS)
    contestants = {}
    with ExitStack() as stack:
        for name in APPS:
            contestants[name] = stack.enter_context(_serving(scene, name))
            contestants[name].take_turn(requests)
            contestants[name].forget()
        order = list(contestants.values())
        for _ in range(scene.rounds(ROUNDS)):
            for contestant in order:
                contestant.take_turn(requests)
            order.reverse()
    bare = contestants["bare"]
    lines = []
    for name, of in contestants.items():
        share = quotients(bare.cpu, of.cpu)
        is_bare = of is bare
        lines.append(
            (
                APPS[name],
                f"{requests / Spread.of(of.seconds).median:,.0f}",
                figure(Spread.of(of.late), "ms"),
                figure(Spread.of(of.cpu), "µs"),
                "" if is_bare else times(share),
                "" if is_bare else judged(-share.median, -LEAST_SHARE, AIM),
            )
        )
    return Table(
        title=f"Webhooks that an add-on gets, {CONNECTIONS} at once",
        headings=(
            "app",
            "handled a second",
            "99 of 100 answered within",
            "CPU",
            "share",
            "aim",
        ),
        lines=lines,
        note=f"Signed messages of {len(ROOMS)} rooms; with the kit, a second lasts until the "
        "handlers have ended. The share is that of the requests a second of an app that reads them "
        "and answers, under the same uvicorn, if each has a core of its own: so it follows from "
        "the CPU, whatever else the machine does.",
    )


@contextmanager
def _serving(scene: Scene, name: str) -> Iterator[_Contestant]:
    folder = scene.folder / name
    folder.mkdir()
    module = "benchmarks.programs.serve_addon"
    command = [sys.executable, "-m", module, name, str(folder)]
    with (
        running(scene, command) as (server, port),
        Sender(
            scene, int(port), _webhooks(), connections=CONNECTIONS, status=204
        ) as sender,
    ):
        yield _Contestant(server, sender)


def _webhooks() -> list[str]:
    """Return a webhook of each room, as it goes over the wire."""
    return [_webhook(room) for room in ROOMS]


def _webhook(room_id: int) -> str:
    room = {
        "id": room_id,
        "name": f"Room {room_id}",
        "is_archived": False,
        "privacy": "public",
        "version": "0A1B2C3D",
        "links": {"self": f"{ORIGIN}/v2/room/{room_id}"},
    }
    person = {
        "id": 4153,
        "name": "Ada Lovelace",
        "mention_name": "Ada",
        "version": "00000000",
        "links": {"self": f"{ORIGIN}/v2/user/4153"},
    }
    message = {
        "date": "2026-11-30T12:00:00.932694+00:00",
        "from": person,
        "id": "1f2e3d4c-5b6a-4798-8a9b-000000000001",
        "mentions": [],
        "message": "/karma @grace for the gateway",
        "type": "message",
    }
    body = json.dumps(
        {
            "event": "room_message",
            "item": {"message": message, "room": room},
            "oauth_client_id": OAUTH_ID,
            "webhook_id": 17775373,
        }
    )
    token = sign_request(
        SECRET,
        client_id=OAUTH_ID,
        user_id=4153,
        room_id=room_id,
        timezone="Europe/London",
        token_id="8b9c3f6e",  # noqa: S106 - the number of a token
        now_seconds=int(time.time()),
        good_seconds=GOOD_SECONDS,
    )
    lines = (
        f"POST /webhook/{WEBHOOK} HTTP/1.1",
        "Host: karma.example.com",
        "Content-Type: application/json",
        f"Authorization: JWT {token}",
        "X-Hipkit-Delivery: NUMBER-7",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([*lines, "", body])
