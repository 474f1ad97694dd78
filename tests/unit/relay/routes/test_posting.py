from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Text
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.routes.posting import Posted, send_message
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.mattermost import (
    Mattermost,
    MattermostBot,
    MattermostBotSettings,
    MattermostSettings,
)
from hipkit.relay.targets.protocol import (
    PLACE,
    Answer,
    HttpCall,
    Rendered,
    RenderOptions,
    Reply,
    Settings,
)
from tests.unit.relay.fake_target import FakeSettings, FakeTarget, PlacedTarget

NOW = datetime(2026, 11, 30, tzinfo=UTC)
FILE = RelayFile(key="k" * 43, name="a", size_bytes=10, content_type="image/png")


def message(**values: object) -> RelayMessage:
    members: dict[str, object] = {
        "id": "m1",
        "sent_at": NOW,
        "kind": "notification",
        "room": "Ops",
        "sender": "Nagios",
        "label": "Nagios",
        "body": (Text("disk full"),),
        **values,
    }
    return RelayMessage(**members)  # type: ignore[arg-type]  # as given


class Sender:
    """Answers as it is told, one after the other, and then 200."""

    def __init__(self, *replies: int | Answer) -> None:
        self.replies = [*replies]
        self.calls: list[HttpCall] = []

    async def send(self, rendered: Rendered, settings: Settings) -> Reply | Answer:
        assert isinstance(rendered, HttpCall)
        self.calls.append(rendered)
        reply = self.replies.pop(0) if self.replies else 200
        if isinstance(reply, Answer):
            return reply
        return Reply(status=reply, body=f"ref-{len(self.calls)}".encode())

    @property
    def bodies(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(call.body) for call in self.calls if call.body]

    @property
    def urls(self) -> list[str]:
        return [call.url.reveal().rpartition("/")[2] for call in self.calls]


class Memory:
    """What was kept, and how long was slept."""

    def __init__(self) -> None:
        self.references: dict[str, str] = {}
        self.slept: list[float] = []

    async def keep(self, key: str, reference: str) -> None:
        self.references[key] = reference

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def memory() -> Memory:
    return Memory()


async def post(
    sender: Sender,
    memory: Memory,
    sent: RelayMessage | None = None,
    *,
    target: FakeTarget | None = None,
    references: Mapping[str, str] | None = None,
    may_upload: bool = True,
) -> Posted:
    route = Route(name="ops", target=target or FakeTarget(), settings=FakeSettings())
    return await send_message(
        route,
        sent or message(),
        sender,
        references=references or {},
        now=NOW,
        keep=memory.keep,
        may_upload=may_upload,
        sleep=memory.sleep,
    )


async def test_message_is_sent_once(memory: Memory) -> None:
    sender = Sender()
    posted = await post(sender, memory, references={"m0": "there"})
    assert posted == Posted(
        answer=Answer(verdict="delivered", reference="ref-1"), status=200
    )
    (body,) = sender.bodies
    assert (body["id"], body["plain"], body["references"]) == (
        "m1",
        False,
        {"m0": "there"},
    )


@pytest.mark.parametrize("status", [429, 503, 404])
async def test_what_is_not_the_contents_fault_is_not_tried_again_here(
    memory: Memory, status: int
) -> None:
    sender = Sender(status)
    posted = await post(sender, memory)
    assert posted.status == status
    assert posted.answer.verdict in {"later", "route"}
    assert len(sender.calls) == 1


async def test_refused_content_is_sent_once_more_as_plain_text(memory: Memory) -> None:
    sender = Sender(400)
    known = {"m0": "thread", PLACE: "room"}
    posted = await post(sender, memory, references=known)
    assert [body["plain"] for body in sender.bodies] == [False, True]
    assert [body["references"] for body in sender.bodies] == [known, {PLACE: "room"}]
    assert posted.is_plain
    assert posted.answer.verdict == "delivered"
    assert posted.answer.problem == "sent as plain text only: the target answered 400"


async def test_plain_text_that_is_refused_too_is_the_end(memory: Memory) -> None:
    sender = Sender(400, 413)
    posted = await post(sender, memory)
    assert len(sender.calls) == 2
    assert posted.answer.verdict == "content"
    assert posted.answer.problem == "the target answered 413"


async def test_the_two_tries_keep_the_targets_pace(memory: Memory) -> None:
    class Paced(FakeTarget):
        pace_seconds: ClassVar[float] = 1.5

    await post(Sender(400), memory, target=Paced())
    assert memory.slept == [1.5]


async def test_a_file_and_its_message_keep_the_targets_pace(memory: Memory) -> None:
    class Slow(FakeTarget):
        pace_seconds: ClassVar[float] = 2.5

    await post(Sender(), memory, message(files=(FILE,)), target=Slow())
    assert memory.slept == [2.5]


async def test_what_cannot_be_rendered_is_tried_as_plain_text(memory: Memory) -> None:
    class Broken(FakeTarget):
        def render(
            self, message: RelayMessage, settings: FakeSettings, options: RenderOptions
        ) -> Rendered:
            if not options.plain:
                raise RecursionError("secret text")
            return super().render(message, settings, options)

    sender = Sender()
    posted = await post(sender, memory, target=Broken())
    assert posted.answer.verdict == "delivered"
    assert posted.answer.problem == (
        "sent as plain text only: it could not be rendered: RecursionError"
    )
    assert len(sender.calls) == 1


@pytest.mark.parametrize(("status", "verdict"), [(200, "delivered"), (500, "later")])
async def test_answer_that_cannot_be_read_sends_nothing_again_that_was_taken(
    memory: Memory, status: int, verdict: str
) -> None:
    class Broken(FakeTarget):
        def read(self, reply: Reply) -> Answer:
            raise KeyError("secret text")

    posted = await post(Sender(status), memory, target=Broken())
    assert posted.answer == Answer(
        verdict=verdict,  # type: ignore[arg-type]  # one of its four
        problem="its answer could not be read: KeyError",
    )


async def test_file_whose_upload_cannot_be_rendered_is_linked(memory: Memory) -> None:
    class Broken(FakeTarget):
        def render_upload(self, file: RelayFile, settings: FakeSettings) -> HttpCall:
            raise ValueError("secret text")

    sender = Sender()
    posted = await post(sender, memory, message(files=(FILE,)), target=Broken())
    assert posted.answer.verdict == "delivered"
    assert sender.urls == ["hook"]


async def test_files_are_uploaded_first_and_their_references_kept(
    memory: Memory,
) -> None:
    sender = Sender()
    await post(sender, memory, message(files=(FILE,)))
    assert sender.urls == ["upload", "hook"]
    assert sender.calls[0].file == FILE
    assert memory.references == {FILE.key: "ref-1"}
    assert sender.bodies[0]["references"] == {FILE.key: "ref-1"}


async def test_file_that_was_uploaded_is_not_uploaded_again(memory: Memory) -> None:
    sender = Sender()
    references = {FILE.key: "there"}
    await post(sender, memory, message(files=(FILE,)), references=references)
    assert sender.urls == ["hook"]


async def test_reference_of_a_file_is_kept_although_the_message_fails(
    memory: Memory,
) -> None:
    posted = await post(Sender(200, 503), memory, message(files=(FILE,)))
    assert posted.answer.verdict == "later"
    assert memory.references == {FILE.key: "ref-1"}


async def test_message_waits_for_an_upload_that_may_work_later(memory: Memory) -> None:
    sender = Sender(503)
    posted = await post(sender, memory, message(files=(FILE,)))
    assert posted.answer.verdict == "later"
    assert sender.urls == ["upload"]


@pytest.mark.parametrize("status", [403, 413])
async def test_message_goes_without_a_file_that_is_refused(
    memory: Memory, status: int
) -> None:
    sender = Sender(status)
    posted = await post(sender, memory, message(files=(FILE,)))
    assert posted.answer.verdict == "delivered"
    assert sender.urls == ["upload", "hook"]
    assert memory.references == {}


@pytest.mark.parametrize(
    ("size_bytes", "may_upload"), [(1_001, True), (0, True), (10, False)]
)
async def test_file_that_is_too_large_or_not_to_be_uploaded_is_linked(
    memory: Memory, size_bytes: int, may_upload: bool
) -> None:
    sender = Sender()
    file = RelayFile(
        key="k" * 43, name="a", size_bytes=size_bytes, content_type="image/png"
    )
    await post(sender, memory, message(files=(file,)), may_upload=may_upload)
    assert sender.urls == ["hook"]


async def test_place_is_asked_for_once(memory: Memory) -> None:
    sender = Sender()
    await post(sender, memory, target=PlacedTarget())
    await post(sender, memory, target=PlacedTarget(), references=memory.references)
    assert sender.urls == ["join", "hook", "hook"]
    assert memory.references == {PLACE: "ref-1"}
    assert [body["references"] for body in sender.bodies] == [{PLACE: "ref-1"}] * 2


@pytest.mark.parametrize(
    ("status", "verdict"), [(403, "route"), (503, "later"), (400, "route")]
)
async def test_message_is_not_sent_without_its_place(
    memory: Memory, status: int, verdict: str
) -> None:
    sender = Sender(status)
    posted = await post(sender, memory, target=PlacedTarget())
    assert posted.answer.verdict == verdict
    assert sender.urls == ["join"]


async def test_what_the_network_says_is_the_answer(memory: Memory) -> None:
    answer = Answer(verdict="later", problem="no whole answer within 10 seconds")
    posted = await post(Sender(answer), memory)
    assert posted == Posted(answer=answer)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("no_such_hook", "the target answered 404, no_such_hook"),
        ("q9bx7yqkcm3", "the target answered 404"),
        ("q9bx7yq", "the target answered 404"),
    ],
)
async def test_word_of_a_target_is_left_out_where_it_is_a_part_of_a_secret(
    memory: Memory, word: str, problem: str
) -> None:
    class Repeating(Sender):
        async def send(self, rendered: Rendered, settings: Settings) -> Reply:
            return Reply(status=404, body=msgspec.json.encode({"id": word}))

    settings = MattermostSettings(url=Secret("https://chat.example.com/q9bx7yqkcm3"))
    route = Route(name="ops", target=Mattermost(), settings=settings)

    posted = await send_message(
        route, message(), Repeating(), references={}, now=NOW, keep=memory.keep
    )

    assert posted.answer.problem == problem


async def test_a_reference_that_repeats_a_secret_is_not_kept(memory: Memory) -> None:
    class Repeating(Sender):
        async def send(self, rendered: Rendered, settings: Settings) -> Reply:
            return Reply(
                status=201, body=msgspec.json.encode({"id": "a-t0ken-of-bots"})
            )

    settings = MattermostBotSettings(
        server="https://a.example", token=Secret("t0ken-of-bots"), channel="c"
    )
    route = Route(name="ops", target=MattermostBot(), settings=settings)

    posted = await send_message(
        route, message(), Repeating(), references={}, now=NOW, keep=memory.keep
    )

    assert (posted.answer.verdict, posted.answer.reference) == ("delivered", None)
