"""A bot that answers questions in a room, by polling: it needs no address of its own.

```sh
python polling_bot.py "Dev Ops" --state bot.json
```

It answers `!uptime`. The token needs the scopes `view_messages` and `send_notification`.

What was answered is in the state file, so that a restart neither repeats nor misses a question.
The state is written before the answer is sent: if the bot is killed between the two, or the answer
cannot be sent, that question stays without one, which is better than an answer that comes twice.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hipkit import HipChat, HipkitError, RateLimitError, RequestError, ServerError
from hipkit.v2.models import Message

PASSING_ERRORS = (RequestError, RateLimitError, ServerError)
"""Errors that may be over at the next try; any other ends the bot."""
STARTED = time.monotonic()


@dataclass
class Bot:
    """Follows one room. Several messages may have the same date, so their ids are kept."""

    client: HipChat
    room: str
    state_file: Path
    since: datetime | None = None
    ids: set[str] = field(default_factory=set)

    def start(self) -> None:
        """Continue where the state file says, or after the room's latest message."""
        if self.state_file.exists():
            self.since, self.ids = read_state(self.state_file)
            return
        for message in self.client.history(self.room, limit=1):
            self.remember(message)
        if self.since is None:
            self.since = datetime.fromtimestamp(0, UTC)

    def poll(self) -> None:
        """Answer the questions that are new, oldest first."""
        if self.since is None:
            self.start()
        for message in reversed(list(self.new_messages())):
            self.remember(message)
            answer = answer_to(message)
            if answer is not None:
                self.client.rooms.send_room_notification(
                    self.room, message=answer, message_format="text", color="gray"
                )

    def new_messages(self) -> Iterable[Message]:
        """Yield the messages that were not seen before, newest first."""
        for message in self.client.history(self.room, since=self.since):
            if message.id not in self.ids:
                yield message

    def remember(self, message: Message) -> None:
        """Write down that a message was seen: in a new file, which then replaces the old one."""
        if self.since != message.date:
            self.since, self.ids = message.date, set()
        self.ids.add(message.id)
        state = {"since": message.date.isoformat(), "ids": sorted(self.ids)}
        part = self.state_file.with_suffix(".part")
        part.write_text(json.dumps(state))
        part.replace(self.state_file)


def read_state(path: Path) -> tuple[datetime, set[str]]:
    """Return date and ids of the messages that were seen last.

    Raises:
        ValueError: The file holds something else.
    """
    try:
        state = json.loads(path.read_text())
        return datetime.fromisoformat(state["since"]), set(state["ids"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"{path}: not a state file; remove it to begin with new messages"
        ) from None


def answer_to(message: Message) -> str | None:
    """Return the answer. Notifications, the bot's own among them, get none."""
    if message.type != "message" or (message.message or "").strip() != "!uptime":
        return None
    return f"Up for {time.monotonic() - STARTED:.0f} seconds"


def main(arguments: Sequence[str] | None = None) -> int:
    """Poll until SIGTERM or Ctrl-C, and return the exit code."""
    parser = argparse.ArgumentParser(description="Answer !uptime in a room.")
    parser.add_argument("room", help="id or name of the room")
    parser.add_argument("--state", type=Path, default=Path("polling_bot.json"))
    parser.add_argument("--interval", type=float, default=5.0, metavar="SECONDS")
    given = parser.parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        # Polling uses up the limit that the token shares with other programs: wait in time.
        with HipChat(pace=True, deadline=None) as client:
            bot = Bot(client, given.room, given.state)
            is_started = False
            while not stopping.is_set():
                try:
                    bot.poll()
                    if not is_started:
                        print(f"polling_bot: watching {given.room}", flush=True)
                        is_started = True
                except PASSING_ERRORS as error:
                    print(f"polling_bot: {error}", file=sys.stderr, flush=True)
                stopping.wait(given.interval)
    except (HipkitError, OSError, ValueError) as error:
        print(f"polling_bot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
