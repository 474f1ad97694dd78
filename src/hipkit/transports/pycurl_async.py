"""The fast transport for asyncio, on libcurl's multi interface: one descriptor and one timer.

libcurl reports which sockets to watch and when to wake it. `pycurl.AsyncCurlMulti` adds and removes
readers and timers of the event loop for each transfer, which costs as much as the transfer.
Read next: `pycurl_handle.py`.
"""

from __future__ import annotations

import asyncio
import select
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from hipkit.extras import install_hint

try:
    import pycurl
except ImportError as error:
    raise ImportError(
        f"the pycurl transport needs the extra fast: {install_hint('fast')}"
    ) from error

from hipkit.transports.protocol import Options, RawResponse, Request, Sink
from hipkit.transports.pycurl import Routes, never_free
from hipkit.transports.pycurl_handle import Handle, Idle, Route, header_lines
from hipkit.transports.settings import NetworkTransport
from hipkit.transports.wire import seconds_left

__all__ = ["AsyncCurlTransport"]

Act = Callable[[Iterable[tuple[int, int]]], None]

IN, OUT = pycurl.CSELECT_IN, pycurl.CSELECT_OUT
WAKE = ((pycurl.SOCKET_TIMEOUT, 0),)
"""In place of a socket and its events: a time has come, or a transfer was added."""


class AsyncCurlTransport(NetworkTransport):
    """The asyncio counterpart of `CurlTransport`."""

    name = "pycurl"

    def _start(self) -> None:
        self._routes = Routes(self._settings)
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.AsyncTransport`."""
        self._check_open()
        lines = header_lines(request)
        route = self._routes.find(request)
        here = self._here()
        await here.enter(route, options)
        try:
            self._check_open()  # It may have been closed meanwhile.
            handle = here.take(route)
            try:
                handle.prepare(request, options, sink, lines)
                await here.perform(handle)
                response = handle.response()
            except BaseException as error:
                failure = handle.failure(error)
                raise failure from failure.__cause__
            here.idle.append(handle)
        finally:
            here.leave()
        if self._closed:
            here.idle.close()
        return response

    async def aclose(self) -> None:
        """Close the connections of this event loop, even those in use.

        The connections of another loop end with that loop.
        """
        self._closed = True
        here = self._loops.pop(asyncio.get_running_loop(), None)
        if here is not None:
            here.close()

    def _here(self) -> _Loop:
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            for ended in [known for known in self._loops if known.is_closed()]:
                self._loops.pop(ended).close()
            here = self._loops[loop] = _Loop(loop, self._settings.max_connections)
        return here

    def _leave_to_parent(self) -> None:
        never_free(self._loops)
        self._start()


class _Loop:
    """The transport's handles and transfers in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self.idle = Idle()
        self._loop = loop
        self._free = limit
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ends: dict[pycurl.Curl, asyncio.Future[None]] = {}
        self._is_beginning = False
        self._timer: asyncio.TimerHandle | None = None
        self._on_time_weakly = weakref.WeakMethod(self._on_time)
        self._delays: list[int] = []
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1)  # for each handle, see there
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._delays.append)
        make_watch = _EpollWatch if hasattr(select, "epoll") else _LoopWatch
        self._watched = make_watch(loop, self._act, self._ends)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watched.on_socket)

    # The limit of connections

    async def enter(self, route: Route, options: Options) -> None:
        """Wait for a free connection, in line."""
        try:
            seconds = seconds_left(options)
            if self._free:
                self._free -= 1
                return
            turn = self._loop.create_future()
            self._waiting.append(turn)
            try:
                async with asyncio.timeout(seconds):
                    await turn
            except BaseException:
                if not turn.cancelled():
                    self.leave()  # Its turn had come.
                raise
        except TimeoutError:
            raise route.no_connection_error() from None

    def leave(self) -> None:
        """Pass a free connection on to the next in line."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def take(self, route: Route) -> Handle:
        """Return an idle handle or a new one."""
        return self.idle.take(route, self._free) or Handle(route, in_multi=True)

    # Transfers

    async def perform(self, handle: Handle) -> None:
        """Wait for the end of the transfer.

        Raises:
            pycurl.error: It failed.
        """
        end = self._ends[handle.curl] = self._loop.create_future()
        try:
            self._multi.add_handle(handle.curl)
            if not self._is_beginning:
                # All transfers of this turn of the loop begin in the next. At once a transfer could
                # even end: tasks would then go one after the other, and other tasks not at all.
                self._is_beginning = True
                self._loop.call_soon(self._begin)
            if handle.is_exact:
                self._watch(handle, end)
            await end
        finally:
            if self._ends.pop(handle.curl, None) is not None:
                self._multi.remove_handle(handle.curl)

    def _begin(self) -> None:
        self._is_beginning = False
        if self._ends:
            self._act(WAKE)

    def _watch(self, handle: Handle, end: asyncio.Future[None]) -> None:
        """End a transfer that has stalled: libcurl calls nothing while nothing happens."""
        if end.done():
            return
        left = handle.silence_left()
        if left > 0:
            self._loop.call_later(left, self._watch, handle, end)
        else:
            end.set_exception(pycurl.error(pycurl.E_OPERATION_TIMEDOUT, "silence"))

    def _act(self, events: Iterable[tuple[int, int]]) -> None:
        """Let libcurl do what it can, then end what has ended and set the timer."""
        running = len(self._ends)
        try:
            for descriptor, action in events:
                _, running = self._multi.socket_action(descriptor, action)
        except pycurl.error as error:
            # A callback has failed, so libcurl gives up all transfers.
            self._end_all(error)
        if running < len(self._ends):
            _, ended, failed = self._multi.info_read()
            for curl in ended:
                self._end(curl, None)
            for curl, code, text in failed:
                self._end(curl, pycurl.error(code, text))
        if self._delays:
            self._set_timer()

    def _end(self, curl: pycurl.Curl, error: pycurl.error | None) -> None:
        end = self._ends.pop(curl)
        self._multi.remove_handle(curl)
        if end.done():
            return  # The call was cancelled.
        if error is None:
            end.set_result(None)
        else:
            end.set_exception(error)

    def _end_all(self, error: pycurl.error) -> None:
        for curl in [*self._ends]:
            self._end(curl, error)

    # Time

    def _set_timer(self) -> None:
        """Set the timer to the delay that libcurl asked for last.

        An earlier timer stays: libcurl then asks for the rest. So most transfers set none.
        """
        milliseconds = self._delays[-1]
        self._delays.clear()
        at = self._loop.time() + milliseconds / 1000
        if milliseconds < 0 or (self._timer is not None and self._timer.when() <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, _call, self._on_time_weakly)

    def _on_time(self) -> None:
        self._timer = None
        self._act(WAKE)

    def close(self) -> None:
        """Close all connections, even those in use."""
        if not self._loop.is_closed():
            self._end_all(pycurl.error(pycurl.E_ABORTED_BY_CALLBACK, "closed"))
        if self._timer is not None:
            self._timer.cancel()
        self.idle.close()
        self._multi.close()
        self._watched.close()


class _LoopWatch:
    """Watches each of libcurl's sockets by the event loop, where the system has no epoll."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, act: Act, _transfers: object
    ) -> None:
        self._loop = loop
        self._act = act

    def on_socket(self, what: int, descriptor: int, *_: object) -> None:
        """Follow what libcurl reports: which events of a socket it waits for."""
        if what in (pycurl.POLL_IN, pycurl.POLL_INOUT):
            self._loop.add_reader(descriptor, self._act, [(descriptor, IN)])
        else:
            self._loop.remove_reader(descriptor)
        if what in (pycurl.POLL_OUT, pycurl.POLL_INOUT):
            self._loop.add_writer(descriptor, self._act, [(descriptor, OUT)])
        else:
            self._loop.remove_writer(descriptor)

    def close(self) -> None:
        """Stop watching: libcurl has reported the end of each socket."""


class _EpollWatch(_LoopWatch):
    """Watches them by one descriptor for all: a third of the CPU time of a call less."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, act: Act, transfers: object
    ) -> None:
        super().__init__(loop, act, transfers)
        self._epoll = select.epoll()
        on_ready = weakref.WeakMethod(self._on_ready)
        # The loop keeps the transfers, and so the tasks that wait for them: asyncio does not.
        loop.add_reader(self._epoll.fileno(), _call, on_ready, transfers)

    def on_socket(self, what: int, descriptor: int, *_: object) -> None:
        """Follow what libcurl reports."""
        events = (what & pycurl.POLL_IN and select.EPOLLIN) | (
            what & pycurl.POLL_OUT and select.EPOLLOUT
        )
        try:
            if what == pycurl.POLL_REMOVE:
                self._epoll.unregister(descriptor)
            else:
                self._epoll.register(descriptor, events)
        except FileExistsError:
            self._epoll.modify(descriptor, events)
        except OSError:
            if what != pycurl.POLL_REMOVE:
                raise
            # libcurl has closed it already, and its number may be in use again.

    def _on_ready(self) -> None:
        writable = select.EPOLLOUT
        self._act(
            [
                (descriptor, (events & ~writable and IN) | (events & writable and OUT))
                for descriptor, events in self._epoll.poll(0)
            ]
        )

    def close(self) -> None:
        """Stop watching."""
        _stop(self._loop, self._epoll)

    def __del__(self) -> None:
        # The garbage collector may run in any thread. A loop that has ended watches nothing.
        with suppress(RuntimeError):
            if not self._epoll.closed:
                self._loop.call_soon_threadsafe(_stop, self._loop, self._epoll)


def _call(method: weakref.WeakMethod[Callable[[], None]], *_kept: object) -> None:
    """Call what the loop may not keep: a transport that nobody closed, and its connections."""
    if (living := method()) is not None:
        living()


def _stop(loop: asyncio.AbstractEventLoop, epoll: select.epoll) -> None:
    # In this order: closed first, its number could be in use again when the loop is told.
    if not loop.is_closed():
        loop.remove_reader(epoll.fileno())
    epoll.close()
