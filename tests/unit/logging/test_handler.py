from __future__ import annotations

import asyncio
import logging
import logging.config
import logging.handlers
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.logging import HipChatHandler
from hipkit.testing import HipChatServer, MemoryTransport
from hipkit.transports.protocol import RawResponse, Request

NEVER = 3600.0
"""Seconds: what a test does not wait for."""
TOKEN = "tok-en-value"


class Room:
    """Answers notifications, and keeps what they say."""

    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []
        self.status = 204
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.client = HipChat(
            TOKEN,
            base_url="https://a.example/v2",
            transport=MemoryTransport(self._answer),
            retries=0,
        )

    def _answer(self, request: Request) -> RawResponse:
        assert isinstance(request.content, bytes)
        self.sent.append(msgspec.json.decode(request.content))
        self.may_go_on.wait()
        # As a library below the client would.
        logging.getLogger("urllib3").error("posted to %s", request.target)
        return RawResponse(self.status, {})

    @property
    def texts(self) -> list[object]:
        return [each["message"] for each in self.sent]


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.may_go_on.set()


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    log = logging.getLogger("shop")
    log.setLevel(logging.DEBUG)
    yield log
    for handler in log.handlers[:]:
        log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.fixture
def make(room: Room, log: logging.Logger) -> Iterator[Callable[..., HipChatHandler]]:
    made: list[HipChatHandler] = []

    def make(**options: object) -> HipChatHandler:
        given = {"client": room.client, "batch_seconds": NEVER, "flush_seconds": NEVER}
        handler = HipChatHandler("ops", **{**given, **options})  # type: ignore[arg-type]  # Of any type.
        log.addHandler(handler)
        made.append(handler)
        return handler

    yield make
    room.may_go_on.set()
    for handler in made:
        handler.close()


Make = Callable[..., HipChatHandler]


def test_records_are_posted_as_a_notification(
    make: Make, log: logging.Logger, room: Room
) -> None:
    handler = make(from_="shop")
    log.warning("disk %s is <full>", "C")
    log.info("and more")
    handler.flush()
    assert room.sent == [
        {
            "message": "WARNING shop: disk C is &lt;full&gt;<br>INFO shop: and more",
            "message_format": "html",
            "color": "yellow",
            "notify": False,
            "from": "shop",
        }
    ]


@pytest.mark.parametrize(
    ("level", "options", "color", "notify"),
    [
        ("DEBUG", {}, "gray", False),
        ("INFO", {}, "green", False),
        ("ERROR", {}, "red", True),
        ("CRITICAL", {"notify": "CRITICAL"}, "red", True),
        ("ERROR", {"notify": "CRITICAL"}, "red", False),
        ("CRITICAL", {"notify": None}, "red", False),
        ("ERROR", {"colors": {"ERROR": "purple"}}, "purple", True),
        ("INFO", {"colors": {40: "purple"}}, None, False),
    ],
)
def test_a_level_has_a_color_and_may_alert(
    level: str,
    options: dict[str, object],
    color: str | None,
    notify: bool,
    make: Make,
    log: logging.Logger,
    room: Room,
) -> None:
    handler = make(**options)
    log.log(logging.getLevelNamesMapping()[level], "x")
    handler.flush()
    assert room.sent[0].get("color") == color
    assert room.sent[0]["notify"] is notify


def test_a_level_and_a_formatter_are_respected(
    make: Make, log: logging.Logger, room: Room
) -> None:
    handler = make(level="ERROR")
    handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    log.warning("below")
    log.error("above")
    handler.flush()
    assert room.texts == ["[ERROR] above"]


def test_a_traceback_is_preformatted(
    make: Make, log: logging.Logger, room: Room
) -> None:
    handler = make()
    try:
        raise LookupError("no <such> thing")
    except LookupError:
        log.exception("it failed")
    handler.flush()
    (text,) = room.texts
    assert isinstance(text, str)
    assert text.startswith(
        "ERROR shop: it failed<pre>Traceback (most recent call last):\n  "
    )
    assert text.endswith("LookupError: no &lt;such&gt; thing</pre>")


def test_what_is_logged_while_posting_and_by_hipkit_is_not_posted(
    make: Make, room: Room
) -> None:
    handler = make()
    loggers = [
        logging.getLogger(name) for name in ("urllib3", "hipkit", "hipkit.server")
    ]
    # A second handler, so that they could also post about each other.
    other = make()
    listener = logging.handlers.QueueListener(queue.SimpleQueue(), handler)
    through_queue = logging.handlers.QueueHandler(listener.queue)
    listener.start()
    for each in loggers:
        for one in (handler, other, through_queue):
            each.addHandler(one)
    try:
        logging.getLogger("shop").error("x")
        logging.getLogger("hipkit").error("the client")
        logging.getLogger("hipkit.server").error("the server")
        handler.flush()
        other.flush()
        listener.stop()
        handler.flush()
        other.flush()
    finally:
        for each in loggers:
            for one in (handler, other, through_queue):
                each.removeHandler(one)
    assert room.texts == ["ERROR shop: x"] * 2


def test_a_failure_is_reported_once_until_a_post_succeeds_again(
    make: Make,
    log: logging.Logger,
    room: Room,
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = make()
    room.status = 403
    for number in range(3):
        log.error("not posted %d", number)
        handler.flush()
    err = capsys.readouterr().err
    assert err.count("Logging error") == 1
    assert "ForbiddenError: POST /room/ops/notification: 403" in err
    assert TOKEN not in err
    assert "not posted 1" not in err

    room.status = 204
    log.info("again")
    handler.flush()
    assert room.texts[3:] == ["INFO shop: again<br><i>3 records were dropped</i>"]
    assert capsys.readouterr().err == ""
    room.status = 500
    log.error("not posted")
    handler.flush()
    assert capsys.readouterr().err.count("Logging error") == 1


def test_a_wrong_log_line_is_reported_and_ends_nothing(
    make: Make,
    log: logging.Logger,
    room: Room,
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = make()
    # Not through the logger: pytest's own handler would fail the test.
    wrong = logging.LogRecord("shop", 40, __file__, 1, "%d", ("no number",), None)
    handler.handle(wrong)
    log.error("right")
    handler.flush()
    assert room.texts == ["ERROR shop: right"]
    assert "TypeError" in capsys.readouterr().err


def test_a_flush_and_the_end_take_limited_time_and_the_loss_is_reported(
    make: Make,
    log: logging.Logger,
    room: Room,
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = make(flush_seconds=0)
    room.may_go_on.clear()
    log.error("not posted")
    logging.shutdown([lambda: handler])
    assert "TimeoutError: records not posted: 1" in capsys.readouterr().err


def test_closing_posts_what_waits_and_leaves_a_given_client_open(
    make: Make, log: logging.Logger, room: Room
) -> None:
    handler = make()
    log.error("the last words")
    handler.close()
    handler.close()
    handler.flush()
    log.error("too late")
    assert room.texts == ["ERROR shop: the last words"]
    room.client.rooms.send_room_notification("ops", message="still open")


def test_an_own_client_is_patient_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIPCHAT_TOKEN", TOKEN)
    handler = HipChatHandler("ops", base_url="https://a.example/v2", timeout=3)
    policy = handler._client._state.policy
    assert (policy.pace, policy.deadline, policy.timeout) == (True, 600, 3)
    assert TOKEN not in repr(handler) + repr(vars(handler))
    handler.close()
    with pytest.raises(RuntimeError, match="closed"):
        handler._client.rooms.get_room("ops")


def test_it_can_be_configured_by_a_dict(log: logging.Logger) -> None:
    with HipChatServer(room="Dev Ops") as server:
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "formatters": {"short": {"format": "%(message)s"}},
                "handlers": {
                    "room": {
                        "class": "hipkit.logging.HipChatHandler",
                        "room": "Dev Ops",
                        "token": server.add_room_token(),
                        "base_url": server.url,
                        "level": "ERROR",
                        "formatter": "short",
                        "notify": "CRITICAL",
                        "batch_seconds": NEVER,
                    }
                },
                "loggers": {"shop": {"handlers": ["room"], "level": "INFO"}},
            }
        )
        log.error("disk full")
        log.handlers[0].close()
        (message,) = server.messages()
    assert message.message == "disk full"
    assert message.color == "red"


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"notify": "LOUD"}, ValueError, "no level is called 'LOUD'"),
        ({"level": "LOUD"}, ValueError, "LOUD"),
        ({"colors": {"INFO": "pink"}}, ValueError, "color: must be one of yellow"),
        ({"from_": "x" * 65}, ValueError, "from_: at most 64 characters"),
        ({"capacity": 0}, ValueError, "capacity must be above 0"),
        ({"token": TOKEN}, ValueError, "either a client"),
        ({"timeout": 3}, ValueError, "either a client"),
        ({"client": None, "base_url": "ftp://x"}, ValueError, "base URL"),
        ({"client": None, "base_url": "https://x", "timout": 3}, TypeError, "timout"),
    ],
)
def test_a_mistake_is_reported_when_the_handler_is_made(
    options: dict[str, object], error: type[Exception], text: str, make: Make
) -> None:
    with pytest.raises(error, match=text):
        make(**options)


def test_a_client_that_is_awaited_is_refused(make: Make) -> None:
    with pytest.raises(TypeError, match="HipChat client"):
        make(client=AsyncHipChat(base_url="https://a.example/v2"))


def test_an_event_loop_goes_on_while_records_are_posted(
    make: Make, log: logging.Logger, room: Room
) -> None:
    handler = make(batch_seconds=0)
    room.may_go_on.clear()

    async def main() -> None:
        log.error("from a task")
        await asyncio.sleep(0)
        room.may_go_on.set()

    asyncio.run(main())
    handler.flush()
    assert room.texts == ["ERROR shop: from a task"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this machine cannot fork")
def test_after_a_fork_each_process_posts_its_own_records() -> None:
    program = """
import logging, os, sys
from hipkit.logging import HipChatHandler
handler = HipChatHandler("Room", sys.argv[2], base_url=sys.argv[1], batch_seconds=3600)
log = logging.getLogger("shop")
log.addHandler(handler)
log.error("before the fork")
child = os.fork()
if child == 0:
    log.error("in the child")
    logging.shutdown()
    os._exit(0)
os.waitpid(child, 0)
log.error("in the parent")
"""
    with HipChatServer() as server:
        # Newer Pythons warn of every fork of a process with threads.
        python = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
        arguments = [*python, server.url, server.token]
        ended = subprocess.run(arguments, check=True, capture_output=True, text=True)
        texts = [each.message for each in server.messages()]
    assert ended.stderr == ""
    assert texts == [
        "ERROR shop: in the child",
        "ERROR shop: before the fork<br>ERROR shop: in the parent",
    ]


def test_a_new_configuration_of_logging_loses_no_record() -> None:
    # It closes the handlers, under the lock of `logging`.
    program = """
import logging, logging.config, sys
from hipkit.logging import HipChatHandler
handler = HipChatHandler(
    "Room", sys.argv[2], base_url=sys.argv[1], batch_seconds=3600, flush_seconds=60
)
log = logging.getLogger("shop")
log.addHandler(handler)
log.error("before")
logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
log.error("after")
log.error("at the end")
"""
    with HipChatServer() as server:
        arguments = [sys.executable, "-c", program, server.url, server.token]
        ended = subprocess.run(arguments, check=True, capture_output=True, text=True)
        texts = [each.message for each in server.messages()]
    assert ended.stderr == ""
    assert texts == [
        "ERROR shop: before",
        "ERROR shop: after<br>ERROR shop: at the end",
    ]


def test_a_record_after_the_end_of_logging_starts_nothing() -> None:
    program = """
import atexit, sys

@atexit.register
def log_too_late():
    log.error("too late")
    print(threading.active_count())

import logging, threading
from hipkit.logging import HipChatHandler
log = logging.getLogger("shop")
log.addHandler(HipChatHandler("Room", sys.argv[2], base_url=sys.argv[1]))
log.error("in time")
"""
    with HipChatServer() as server:
        arguments = [sys.executable, "-c", program, server.url, server.token]
        ended = subprocess.run(arguments, check=True, capture_output=True, text=True)
        texts = [each.message for each in server.messages()]
    assert (ended.stdout, ended.stderr) == ("1\n", "")
    assert texts == ["ERROR shop: in time"]


def test_a_program_that_only_logs_posts_before_it_ends() -> None:
    program = """
import atexit, logging, sys
from hipkit.logging import HipChatHandler
logging.getLogger().addHandler(HipChatHandler("Room", sys.argv[2], base_url=sys.argv[1]))
logging.getLogger().setLevel("DEBUG")
atexit.register(logging.error, "at the end")
"""
    with HipChatServer() as server:
        arguments = [sys.executable, "-c", program, server.url, server.token]
        ended = subprocess.run(arguments, check=True, capture_output=True, text=True)
        texts = [each.message for each in server.messages()]
    assert ended.stderr == ""
    assert texts == ["ERROR root: at the end"]
