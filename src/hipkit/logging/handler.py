"""`HipChatHandler`: a handler of the standard library's `logging` that posts to a room."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Unpack

from hipkit.api.frames import clears_locals
from hipkit.api.model import find_broken_rule
from hipkit.client.hipchat import HipChat
from hipkit.client.setup import ClientOptions, TokenSource
from hipkit.logging.rendering import (
    COLORS,
    LARGEST_BATCH,
    Color,
    Entry,
    color_of,
    compose,
    level_number,
    render,
)
from hipkit.logging.worker import THREAD_NAME, Worker, is_posting
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["HipChatHandler"]

DEADLINE_SECONDS = 600.0
"""How long a post may wait for the server's limits. Only the worker waits."""
FORMAT = "%(levelname)s %(name)s: %(message)s"
LEVELS = (
    logging.DEBUG,
    logging.INFO,
    logging.WARNING,
    logging.ERROR,
    logging.CRITICAL,
)


class HipChatHandler(logging.Handler):
    """Posts log records as notifications to a room.

    The caller never waits: a thread posts the records, several together if they come within
    `batch_seconds`. Of more than `capacity` waiting records the newest are dropped, and the next
    message says how many. A message has the color of its highest level; what follows a record's
    first line, such as a traceback, is shown as preformatted text.

    A post that fails for good is reported once to `handleError`, until one succeeds again; its
    records count as dropped. Records of hipkit itself, and what is logged while records are
    posted, are not posted. After a fork, the child posts its own records only.

    Args:
        room: The room's id or name.
        token: A token with the scope `send_notification`, such as a room's. Defaults to the
            environment variable `HIPCHAT_TOKEN`.
        base_url: Such as `https://chat.example.com/v2`. Defaults to the environment variable
            `HIPCHAT_BASE_URL`.
        client: A client to use instead; it is not closed. The defaults of other handlers are
            `pace=True`, which waits for the server's limits, and a deadline of ten minutes.
        level: The lowest level to post.
        notify: The lowest level that alerts the people in the room; `None` for no alerts.
        colors: Lowest level -> background. Defaults to gray, green from INFO on, yellow from
            WARNING on, and red from ERROR on.
        from_: Label to show next to the sender's name, 64 characters at most.
        capacity: The most records that wait to be posted.
        batch_seconds: How long to wait for further records before a message is posted.
        flush_seconds: Maximum duration of `flush` and `close` in seconds, and so of what they add
            to the end of the program.
        options: Of the client; see `ClientOptions`.

    Raises:
        ValueError: The base URL is missing or invalid, or there is no such level.
        TypeError: The client is not a `HipChat`.
    """

    @clears_locals
    def __init__(
        self,
        room: str | int,
        token: TokenSource | None = None,
        *,
        base_url: str | None = None,
        client: HipChat | None = None,
        level: int | str = logging.NOTSET,
        notify: int | str | None = logging.ERROR,
        colors: Mapping[int | str, Color] | None = None,
        from_: str | None = None,
        capacity: int = 1000,
        batch_seconds: float = 1.0,
        flush_seconds: float = 5.0,
        **options: Unpack[ClientOptions],
    ) -> None:
        if capacity < 1 or batch_seconds < 0 or flush_seconds < 0:
            raise ValueError("capacity must be above 0, and no duration below 0")
        self._room = room
        self._notify = None if notify is None else level_number(notify)
        self._colors = (
            COLORS
            if colors is None
            else {level_number(each): color for each, color in colors.items()}
        )
        self._from = from_
        for color in self._colors.values():
            broken = find_broken_rule(self._call("a record", color))
            if broken is not None:
                raise broken
        self._capacity = capacity
        self._batch_seconds = batch_seconds
        self._flush_seconds = flush_seconds
        self._connect: Callable[[], HipChat] | None = None
        if client is None:
            options = {"pace": True, "deadline": DEADLINE_SECONDS, **options}
            self._connect = lambda: HipChat(token, base_url=base_url, **options)
            client = self._connect()
        elif not isinstance(client, HipChat):
            raise TypeError(
                "HipChatHandler needs a HipChat client: it posts in a thread"
            )
        elif token is not None or base_url is not None or options:
            raise ValueError("pass either a client, or the options of one")
        self._client = client
        self._is_failing = False
        self._is_late = False
        self._is_closed = False
        # Last: a handler that could not be made is not closed at exit.
        super().__init__(level)
        self.setFormatter(logging.Formatter(FORMAT))
        self._renew_worker()

    def handle(self, record: logging.LogRecord) -> bool:
        """Handle a record, unless it is about posting records."""
        # Before the lock: at exit, another thread holds it while it waits for the worker.
        is_own = (
            record.name.partition(".")[0] == "hipkit"
            or record.threadName == THREAD_NAME  # It may come through a queue.
            or is_posting()
        )
        return False if is_own else super().handle(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record to those that wait to be posted."""
        try:
            html = render(self.format(record))
            if html:
                self._reopen()
                self._current_worker().put(Entry(record.levelno, html))
        except RecursionError:
            raise
        except (
            Exception
        ):  # As in every handler: a wrong log line must not end the program.
            self.handleError(record)

    def flush(self) -> None:
        """Post the waiting records now; wait for it at most `flush_seconds`."""
        _fill_caches()
        self._is_late = not self._current_worker().flush(self._flush_seconds)

    def close(self) -> None:
        """Post the waiting records, stop the thread and close the client. Twice does nothing.

        A record that comes later opens the handler again, unless the program is about to end.
        """
        _fill_caches()
        # At exit, `logging` flushes first: what was late then is not waited for again.
        seconds = 0.0 if self._is_late else self._flush_seconds
        lost = self._current_worker().close(seconds)
        if lost:
            try:
                raise TimeoutError(f"records not posted: {lost:,}")
            except TimeoutError:
                self._report("the handler was closed")
        if self._connect is not None:
            self._client.close()
        self._is_closed = True
        super().close()

    def _reopen(self) -> None:
        """Open the handler again after it was closed.

        As handlers of files and sockets do: whoever configures logging, such as a web server when
        it starts, closes all handlers, and loggers keep those that the program gave them.
        """
        # At the end, no thread is started any more: Python 3.11 would wait for it for ever.
        if not (self._is_closed and threading.main_thread().is_alive()):
            return
        self.acquire()
        try:
            if self._is_closed:
                if self._connect is not None:
                    self._client = self._connect()
                self._renew_worker()
                self._is_closed = False
                # `logging` does not know it any more.
                atexit.register(_close, weakref.ref(self))
        finally:
            self.release()

    def _current_worker(self) -> Worker:
        """Return the worker of this process."""
        if self._pid != os.getpid():
            # The parent posts what waits there, and its lock may be taken for ever here.
            self.acquire()
            try:
                if self._pid != os.getpid():
                    self._renew_worker()
            finally:
                self.release()
        return self._worker

    def _renew_worker(self) -> None:
        self._worker = Worker(
            self._post,
            capacity=self._capacity,
            batch_seconds=self._batch_seconds,
            batch_size=LARGEST_BATCH,
        )
        self._pid = os.getpid()

    def _post(self, entries: list[Entry], dropped: int, deadline: float | None) -> bool:
        level = max(each.level for each in entries)
        is_alert = self._notify is not None and level >= self._notify
        message, color = compose(entries, dropped), color_of(level, self._colors)
        call = self._call(message, color, is_alert=is_alert)
        try:
            if deadline is None:
                self._client.send(call)
            else:
                self._client.send(call, deadline=deadline)
        except Exception:  # Whatever it is, the next records may be posted.
            if not self._is_failing:
                self._is_failing = True
                self._report("a message was not posted")
            return False
        self._is_failing = False
        return True

    def _call(
        self, message: str, color: Color | None, *, is_alert: bool = False
    ) -> SendRoomNotification:
        return SendRoomNotification(
            self._room,
            message=message,
            message_format="html",
            color=color,
            notify=is_alert,
            from_=self._from,
        )

    def _report(self, problem: str) -> None:
        """Report the present exception, without the records."""
        record = logging.LogRecord(
            __name__, logging.ERROR, __file__, 0, problem, None, None
        )
        self.handleError(record)


def _close(handler: weakref.ref[HipChatHandler]) -> None:
    opened = handler()
    if opened is not None:
        opened.close()


def _fill_caches() -> None:
    """Ask all loggers for their levels, which they remember.

    Who configures logging holds its lock while it closes the handlers. The thread that posts would
    wait for this lock if a logger had to find out its level: for as long as it is waited for.
    """
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            for level in LEVELS:
                logger.isEnabledFor(level)
