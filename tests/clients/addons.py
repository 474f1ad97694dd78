"""Runs an add-on of others: a program that listens, and prints a line of JSON for each event."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.clients.surroundings import PATIENCE_SECONDS, Surroundings, driver_of
from tests.e2e.serving import free_port

Told = dict[str, Any]


@dataclass
class AddOn:
    """An add-on that runs, and what it told of so far."""

    base_url: str
    printed: list[str] = field(default_factory=list)
    ended: bool = False
    _told: list[Told] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the add-on."""
        return http.client.HTTPConnection(
            "127.0.0.1", urlsplit(self.base_url).port, timeout=PATIENCE_SECONDS
        )

    def next(self, event: str) -> Told:
        """Return what the add-on tells of an event, once it does: each of them once, in order."""

        def first() -> Told | None:
            return next((told for told in self._told if told["event"] == event), None)

        with self._changed:
            self._changed.wait_for(lambda: first() or self.ended, PATIENCE_SECONDS)
            told = first()
            assert told is not None, (event, "".join(self.printed))
            self._told.remove(told)
            return told

    def read(self, lines: Iterable[str]) -> None:
        """Keep what the add-on prints, until it ends."""
        for line in lines:
            with self._changed:
                self.printed.append(line)
                if line.startswith('{"event"'):
                    self._told.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()


@contextlib.contextmanager
def running(place: Surroundings, program: str) -> Iterator[AddOn]:
    """Start an add-on, and end it."""
    place.need(program)
    port = free_port()
    addon = AddOn(f"http://127.0.0.1:{port}")
    own = {"BASE_URL": addon.base_url, "PORT": str(port), "NODE_ENV": "production"}
    driver = driver_of(program)
    process = subprocess.Popen(
        place.command(driver),
        cwd=place.folder,
        env=place.environment(program) | own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdout is not None
    reader = threading.Thread(target=addon.read, args=(process.stdout,))
    reader.start()
    try:
        addon.next("started")
        yield addon
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        reader.join()
        process.stdout.close()
    if place.recordings:
        record(place, program, addon)


def record(place: Surroundings, program: str, addon: AddOn) -> None:
    """Write what an add-on sent, and what its calls left: a replay calls nobody."""
    assert place.recordings is not None
    bodies = [call.body.decode() for call in place.calls()]
    left = [
        entry
        for entry in place.said()
        if any(json.dumps(entry["message"]) in body for body in bodies)
    ]
    place.record(
        program,
        place.recordings / f"{program}.json",
        names={"addon": addon.base_url},
        left={"room": left, "private": []},
    )
