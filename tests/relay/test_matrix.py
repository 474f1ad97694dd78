"""The Matrix target with Synapse: what it renders is taken, and answers are what it reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.from_html import read_html_tree
from hipkit.relay.markup.tree import Text
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.sending.sender import TargetSender
from hipkit.relay.targets.matrix import Matrix, MatrixSettings
from hipkit.relay.targets.protocol import (
    PLACE,
    Answer,
    HttpCall,
    RenderOptions,
    Reply,
)
from hipkit.server.services.context import Runtime
from tests.relay.homeserver import Homeserver, Member, running
from tests.unit.relay.messages import message

PICTURE = b"\x89PNG\r\n\x1a\n"


class Room:
    """A room, and the target's side of it."""

    def __init__(self, sender: TargetSender, bot: Member, room: str) -> None:
        self._sender = sender
        self.bot, self.id = bot, ""
        self.settings = MatrixSettings(
            homeserver=bot.server.base_url,
            room=room,
            token=Secret(bot.token),
            allow_private_network=True,
        )

    async def join(self) -> Answer:
        call = Matrix().render_place(self.settings)
        answer = Matrix().read_place(await self._reply(call))
        self.id = answer.reference or ""
        return answer

    async def send(self, relayed: RelayMessage, **options: Any) -> Answer:
        references = {PLACE: self.id} | options.pop("references", {})
        call = Matrix().render(
            relayed, self.settings, RenderOptions(references=references, **options)
        )
        return Matrix().read(await self._reply(call))

    async def upload(self, file: RelayFile) -> Answer:
        call = Matrix().render_upload(file, self.settings)
        return Matrix().read_upload(await self._reply(call))

    async def _reply(self, call: HttpCall) -> Reply:
        reply = await self._sender.send(call, self.settings)
        assert isinstance(reply, Reply), reply
        return reply


@pytest.fixture
async def sender(runtime: Runtime) -> AsyncIterator[TargetSender]:
    opened = TargetSender(runtime)
    yield opened
    await opened.aclose()
    await runtime.close_outgoing()
    opened.close()


@pytest.fixture
async def room(homeserver: Homeserver, sender: TargetSender) -> Room:
    """A room that the relay's user has not entered yet."""
    owner, bot = (homeserver.register_anybody() for _ in range(2))
    name = f"alerts-{owner.name}"
    owner.create_room(name)
    return Room(sender, bot, f"#{name}:matrix.example.com")


async def test_a_room_is_entered_by_its_alias_and_written_into(room: Room) -> None:
    joined = await room.join()
    sent = await room.send(
        message(
            body=read_html_tree(
                'Build <b>failed</b>: <a href="https://ci.example.com/12">#12</a>'
            )
        )
    )

    (event,) = room.bot.messages(room.id)
    assert (joined.verdict, sent.verdict) == ("delivered", "delivered")
    assert sent.reference == event["event_id"]
    assert event["content"]["formatted_body"] == (
        '<span data-mx-color="#D04437">▌</span> <strong>Jenkins</strong><br>'
        'Build <strong>failed</strong>: <a href="https://ci.example.com/12">#12</a>'
    )


async def test_a_message_that_is_sent_again_is_stored_once(room: Room) -> None:
    await room.join()

    first, second = await room.send(message()), await room.send(message())

    assert first == second
    assert len(room.bot.messages(room.id)) == 1


@pytest.mark.parametrize("letter", ["x", "é", "漢", "🎉", '"', "<", "\x01"])
async def test_the_longest_texts_are_taken(room: Room, letter: str) -> None:
    await room.join()
    text = letter * 100_000

    sent = await room.send(message(body=(Text(text),), label=text, title=text))

    assert sent.verdict == "delivered"


async def test_a_reply_is_in_a_thread(room: Room) -> None:
    await room.join()
    first = await room.send(message(id="first"))
    assert first.reference is not None

    reply = await room.send(
        message(id="second", thread="first"), references={"first": first.reference}
    )

    assert reply.verdict == "delivered"
    (_, event) = room.bot.messages(room.id)
    relation = event["content"]["m.relates_to"]
    assert (relation["rel_type"], relation["event_id"]) == ("m.thread", first.reference)


async def test_a_picture_is_uploaded_and_shown(room: Room, runtime: Runtime) -> None:
    await room.join()
    file = RelayFile(
        key=runtime.blobs.save(PICTURE),
        name="cpu.png",
        size_bytes=len(PICTURE),
        content_type="image/png",
    )

    uploaded = await room.upload(file)
    assert uploaded.reference is not None
    await room.send(message(files=(file,)), references={file.key: uploaded.reference})

    (event,) = room.bot.messages(room.id)
    assert event["content"]["msgtype"] == "m.image"
    media = uploaded.reference.removeprefix("mxc://")
    status, content = room.bot.download(media)
    assert (status, content) == (200, PICTURE)


async def test_whoever_is_not_in_the_room_is_told_that_the_route_is_broken(
    room: Room,
) -> None:
    sent = await room.send(message(), references={PLACE: "!nowhere"})

    assert sent.verdict == "route"
    assert sent.problem == "the target answered 403, M_FORBIDDEN"


async def test_a_wrong_token_breaks_the_route(room: Room) -> None:
    room.settings = MatrixSettings(
        homeserver=room.settings.homeserver,
        room=room.settings.room,
        token=Secret("wrong"),
        allow_private_network=True,
    )

    joined = await room.join()

    assert joined.verdict == "route"
    assert joined.problem == "the target answered 401, M_UNKNOWN_TOKEN"


async def test_a_room_that_is_not_there_breaks_the_route(
    homeserver: Homeserver, sender: TargetSender
) -> None:
    bot = homeserver.register_anybody()

    joined = await Room(sender, bot, "#nowhere:matrix.example.com").join()

    assert joined.verdict == "route"
    assert joined.problem == "the target answered 404, M_NOT_FOUND"


async def test_too_many_messages_wait_as_long_as_the_homeserver_asks(
    sender: TargetSender, tmp_path: Path
) -> None:
    limit = {"per_second": 0.01, "burst_count": 2}
    with running(tmp_path / "synapse", rate_limit=limit) as server:
        owner, bot = server.register_anybody(), server.register_anybody()
        room = Room(sender, bot, owner.create_room())
        await room.join()

        answers = [await room.send(message(id=str(number))) for number in range(4)]

    verdicts = [answer.verdict for answer in answers]
    assert (verdicts[0], verdicts[-1]) == ("delivered", "later")
    assert answers[-1].problem == "the target answered 429, M_LIMIT_EXCEEDED"
    assert answers[-1].wait_seconds is not None
    assert 1 <= answers[-1].wait_seconds <= 100


async def test_a_transaction_is_known_after_the_homeserver_was_killed(
    sender: TargetSender, tmp_path: Path
) -> None:
    with running(tmp_path / "synapse") as server:
        bot = server.register_anybody()
        room = Room(sender, bot, bot.create_room())
        await room.join()
        first = await room.send(message())

    with running(tmp_path / "synapse") as server:
        bot = replace(bot, server=server)
        again = Room(sender, bot, room.id)
        await again.join()
        second = await again.send(message())
        events = bot.messages(room.id)

    assert first == second
    assert len(events) == 1
