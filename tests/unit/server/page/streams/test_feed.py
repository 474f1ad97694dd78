"""The stream of new messages: nothing is missed, nothing rendered twice, nobody stays too long."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import jinja2
import pytest

from hipkit.server.http.requests import Receive, Send
from hipkit.server.page.history import ConversationView
from hipkit.server.page.rendering import References, Renderer
from hipkit.server.page.streams import feed
from hipkit.server.page.streams import stream as stream_module
from hipkit.server.page.streams.feed import Feeds
from hipkit.server.page.streams.stream import (
    AccessCheck,
    EventStreamAnswer,
    FeedTiming,
    Reader,
    Stream,
)
from hipkit.server.storage.stores.messages import MessageRecord, NewMessage
from tests.unit.server.asgi import Site, call

PATIENCE_SECONDS = 20
CONVERSATION_ID = 1
CONVERSATION = ConversationView(
    group_id=1, conversation_id=CONVERSATION_ID, address="/rooms/1", room_id=1
)
READER = Reader(user_id=1)
EAGER = FeedTiming(keep_alive=0.01, check=0.0)


class CountingRenderer(Renderer):
    def __init__(self) -> None:
        super().__init__(
            jinja2.Environment(
                loader=jinja2.PackageLoader("hipkit.server.page"),
                autoescape=True,
                undefined=jinja2.StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
        )
        self.rendered: list[str] = []
        self.fails = False

    def render(
        self,
        message: MessageRecord,
        references: References,
        file_path: str | None = None,
    ) -> str:
        if self.fails:
            raise RuntimeError("a fault of the page")
        self.rendered.append(message.body)
        return super().render(message, references)


class Browser:
    """A browser that has a stream open."""

    def __init__(
        self, answer: Callable[[Receive, Send], Coroutine[Any, Any, None]]
    ) -> None:
        self.answer = answer
        self._came = asyncio.Condition()
        self._gone = asyncio.Event()
        self.received = b""
        self.is_over = False

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Browser]:
        task = asyncio.create_task(self.answer(self.receive, self._send))
        try:
            await self.until("retry:")
            yield self
        finally:
            self._gone.set()
            await asyncio.wait_for(task, PATIENCE_SECONDS)

    def leave(self) -> None:
        self._gone.set()

    async def until(self, text: str) -> None:
        """Wait until a text has come."""
        await self._wait(lambda: text.encode() in self.received)

    async def end(self) -> None:
        await self._wait(lambda: self.is_over)

    def texts(self) -> list[str]:
        return re.findall(r">(message \d+)<", self.received.decode())

    def last_id(self) -> str:
        ids: list[str] = re.findall(
            r"^id: (\d+)$", self.received.decode(), re.MULTILINE
        )
        return ids[-1]

    async def _wait(self, is_done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._came:
            await self._came.wait_for(is_done)

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        async with self._came:
            self.received += message.get("body", b"")
            is_body = message["type"] == "http.response.body"
            self.is_over = is_body and not message.get("more_body", False)
            self._came.notify_all()


async def always() -> bool:
    return True


class Room:
    """A room, what is said in it, and who listens."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.renderer = CountingRenderer()

    def feeds(self, timing: FeedTiming | None = None) -> Feeds:
        server = self.site.server
        return Feeds(server.database, server.runtime.signals, self.renderer, timing)

    async def say(self, text: str) -> None:
        reply = await call(
            self.site.server,
            "POST",
            b"/v2/room/Ops/message",
            [
                ("Host", "chat.test"),
                ("Authorization", f"Bearer {self.site.token}"),
                ("Content-Type", "application/json"),
            ],
            [json.dumps({"message": text}).encode()],
        )
        assert reply.status == 201

    def stream(
        self,
        feeds: Feeds,
        *,
        after_us: int = 1 << 61,
        may_read: AccessCheck = always,
        reader: Reader = READER,
    ) -> Browser:
        opening = feeds.streaming(CONVERSATION, after_us, reader, may_read)
        return Browser(EventStreamAnswer(opening, feeds.timing).send)


@pytest.fixture
def room(site: Site) -> Room:
    site.add_room("Ops")
    return Room(site)


async def test_a_message_reaches_every_stream_and_is_rendered_once(room: Room) -> None:
    feeds = room.feeds()
    streams = [room.stream(feeds) for _ in range(5)]
    async with contextlib.AsyncExitStack() as stack:
        for stream in streams:
            await stack.enter_async_context(stream.listening())

        await room.say("message 1")
        await room.say("message 2")
        for stream in streams:
            await stream.until("message 2")

    assert [stream.texts() for stream in streams] == [["message 1", "message 2"]] * 5
    assert room.renderer.rendered == ["message 1", "message 2"]


async def test_a_reconnecting_reader_gets_missed_messages_once(
    room: Room,
) -> None:
    feeds = room.feeds()
    first = room.stream(feeds)
    async with first.listening():
        await room.say("message 1")
        await first.until("message 1")
    await room.say("message 2")
    await room.say("message 3")

    second = room.stream(feeds, after_us=int(first.last_id()))
    async with second.listening():
        await second.until("message 3")
        await room.say("message 4")
        await second.until("message 4")

    assert second.texts() == ["message 2", "message 3", "message 4"]


async def test_a_reader_who_missed_too_much_gets_a_gap_event(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_BACKLOG", 2)
    for number in range(3):
        await room.say(f"message {number}")

    stream = room.stream(room.feeds(), after_us=0)
    async with stream.listening():
        await stream.until("event: gap")

    assert stream.texts() == []


async def test_a_reader_who_missed_too_many_bytes_gets_a_gap_event(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred long messages, in every stream of one who never reads, are gigabytes."""
    await room.say("message 1")
    monkeypatch.setattr(feed, "MOST_WAITING_BYTES", 10)

    stream = room.stream(room.feeds(), after_us=0)
    async with stream.listening():
        await stream.until("event: gap")

    assert stream.texts() == []


async def test_messages_of_another_process_are_sent_too(room: Room) -> None:
    stream = room.stream(room.feeds(FeedTiming(poll=0.01)))
    new = NewMessage(
        id="m-other",
        kind="message",
        sender_id=None,
        sender_label="x",
        body="message 1",
    )
    with room.site.elsewhere() as other:
        async with stream.listening():
            await other.write(
                lambda stores: stores.messages.add(CONVERSATION_ID, new, 1 << 52)
            )
            await stream.until("message 1")


async def test_a_reader_who_lost_access_gets_no_more_messages(room: Room) -> None:
    allowed = [True]

    async def may_read() -> bool:
        return allowed[0]

    stream = room.stream(room.feeds(EAGER), may_read=may_read)
    async with stream.listening():
        await stream.until(":\n\n")
        allowed[0] = False
        await room.say("message 1")
        await stream.end()

    assert stream.texts() == []


async def test_closing_ends_every_stream_and_accepts_no_more(room: Room) -> None:
    feeds = room.feeds()
    stream = room.stream(feeds)
    async with stream.listening():
        feeds.close()
        await stream.end()

    assert feeds.is_full_for(READER)


async def test_a_room_without_streams_renders_nothing(room: Room) -> None:
    feeds = room.feeds()
    async with room.stream(feeds).listening():
        assert feeds.streams == 1
    await room.say("message 1")

    assert feeds.streams == 0
    assert room.renderer.rendered == []


async def test_a_failing_feed_ends_its_streams_and_logs_no_message(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    stream = room.stream(room.feeds())
    async with stream.listening():
        room.renderer.fails = True
        await room.say("secret 1")
        await stream.end()

    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_reader_that_does_not_read_is_disconnected(room: Room) -> None:
    stream = room.stream(room.feeds(FeedTiming(send=0.01)))
    stuck = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await stuck.wait()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await stream.answer(stream.receive, send)


async def test_a_stream_with_too_much_waiting_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_module, "MOST_WAITING_BYTES", 10)
    stream = Stream(READER, None, always)
    stream.offer(b"12345")
    assert await stream.take(0) == b"12345"

    stream.offer(b"123456")
    stream.offer(b"123456")

    assert stream.is_ended
    assert await stream.take(0) == b""


async def test_events_for_later_go_with_the_next_or_by_a_flush() -> None:
    stream = Stream(READER, None, always)
    taking = asyncio.create_task(stream.take(PATIENCE_SECONDS))
    await asyncio.sleep(0)

    stream.offer_later(b"1")
    await asyncio.sleep(0)
    assert not taking.done()
    stream.offer(b"2")
    assert await taking == b"12"

    taking = asyncio.create_task(stream.take(PATIENCE_SECONDS))
    await asyncio.sleep(0)
    stream.offer_later(b"3")
    stream.flush()
    assert await taking == b"3"


async def test_lines_of_a_message_stay_lines_of_its_event(room: Room) -> None:
    stream = room.stream(room.feeds())
    async with stream.listening():
        await room.say("/code one\r\n\nid: 7\revent: gap\n\ndata: two")
        await stream.until("two")

    events = stream.received.decode().split("\n\n")
    (event,) = [text for text in events if "data: two" in text]
    lines = event.split("\n")
    assert lines[0].startswith("id: ")
    assert all(line.startswith("data: ") for line in lines[1:])
    assert "data: <pre" in event
    assert "\r" not in event


def test_proxies_neither_store_nor_buffer_a_stream(room: Room) -> None:
    feeds = room.feeds()
    opening = feeds.streaming(CONVERSATION, 0, READER, always)

    headers = dict(EventStreamAnswer(opening, feeds.timing).headers)

    assert headers[b"Content-Type"].startswith(b"text/event-stream")
    assert headers[b"Cache-Control"] == b"no-store"
    assert headers[b"X-Accel-Buffering"] == b"no"
