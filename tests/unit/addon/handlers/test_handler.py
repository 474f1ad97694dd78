from __future__ import annotations

import asyncio
import datetime as datetime_module
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.addon.handlers.commands import UsageError
from hipkit.addon.handlers.events import Message, RoomEnter, RoomEvent
from hipkit.addon.handlers.handler import Handler, read_handler
from hipkit.addon.handlers.views import ViewRequest
from hipkit.addon.installations.installation import Installation
from hipkit.v2.models import Message as MessageModel
from hipkit.v2.models import Room, Sender, User

if TYPE_CHECKING:
    from decimal import Decimal

NOW = datetime(2016, 9, 9, tzinfo=UTC)


def message(text: str) -> Message:
    return Message(
        room=Room(id=7),
        sender=Sender(id=1),
        text=text,
        id="a",
        date=NOW,
        mentions=(User(id=3, mention_name="bob"),),
        model=MessageModel(id="a", date=NOW),
    )


def read(
    function: Callable[..., object],
    pattern: str | None = None,
    *,
    command: str | None = None,
    kind: type = Message,
) -> Handler:
    return read_handler(function, kind, key="karma", pattern=pattern, command=command)


def call(handler: Handler, text: str = "") -> object:
    factories: dict[type, Callable[[], object]] = {
        Room: lambda: "the room",
        Sender: lambda: "the sender",
        HipChat: lambda: "client",
    }
    subject = message(text)
    return handler.call(subject, factories, handler.match(subject) or {})


def test_metadata_of_annotations_are_left_out() -> None:
    def karma(
        message: Annotated[Message, "x"],
        name: Annotated[str, "x"],
        points: Annotated[str, "x"] | None,
        room: Annotated[Room, "x"],
    ) -> Annotated[None, "x"]:
        assert (name, points, str(room)) == ("@bob", None, "the room")

    made = read(karma, pattern=r"(?P<name>@\w+)(?P<points> \d+)?")
    call(made, "@bob")
    assert made.returns_nothing

    def give(message: Message, points: Annotated[int, "x"] = 1) -> object:
        return points

    assert call(read(give, command="/give"), "/give 3") == 3


def test_named_groups_are_arguments() -> None:
    def karma(message: Message, name: str, *, sign: str) -> object:
        return message.text, name, sign

    handler = read(karma, r"(?P<name>@\w+)(?P<sign>\+\+)")
    assert call(handler, "hi @bob++") == ("hi @bob++", "@bob", "++")


def test_a_group_that_is_not_part_of_the_match_is_absent() -> None:
    pattern = "(?P<name>x)?"

    def with_none(message: Message, name: str | None) -> object:
        return name

    def with_default(message: Message, name: str = "nobody") -> object:
        return name

    def text(message: Message, name: str) -> object:
        return name

    assert call(read(with_none, pattern)) is None
    assert call(read(with_default, pattern)) == "nobody"
    assert call(read(text, pattern)) == ""


def test_values_are_passed_by_type() -> None:
    def karma(
        event: Message, a: Room, b: Sender, c: HipChat, *, d: Room | None
    ) -> object:
        return a, b, c, d

    assert call(read(karma)) == ("the room", "the sender", "client", "the room")


def test_arguments_of_a_command_are_passed_with_values_by_type() -> None:
    def karma(
        message: Message, who: User, points: int = 1, *words: str, room: Room
    ) -> object:
        return who.id, points, words, room

    handler = read(karma, command="/karma")
    assert call(handler, "/karma @bob 3 for all") == (3, 3, ("for", "all"), "the room")
    with pytest.raises(UsageError, match="who is missing"):
        call(handler, "/karma")


def test_arguments_may_stand_beside_values_by_type() -> None:
    def karma(message: Message, room: Room, who: User, sender: Sender) -> object:
        return room, who.id, sender

    handler = read(karma, command="/karma")
    assert call(handler, "/karma @bob") == ("the room", 3, "the sender")


def test_defaults_before_repeated_words_are_kept() -> None:
    def karma(message: Message, points: int = 1, *words: str) -> object:
        return points, words

    assert call(read(karma, command="/karma"), "/karma") == (1, ())


def test_an_async_handler_returns_an_awaitable() -> None:
    async def karma(message: Message, client: AsyncHipChat) -> str:
        return message.text

    handler = read(karma)
    assert handler.is_async
    made = handler.call(message("x"), {AsyncHipChat: lambda: None})
    assert asyncio.run(made) == "x"  # type: ignore[arg-type]


def test_a_method_and_a_partial_function_are_handlers() -> None:
    class Bot:
        def karma(self, message: Message, name: str) -> str:
            return name

        def __call__(self, message: Message) -> str:
            return "called"

    def greet(greeting: str, message: Message) -> str:
        return greeting

    assert call(read(Bot().karma, "(?P<name>x)"), "x") == "x"
    assert call(read(Bot())) == "called"
    assert call(read(functools.partial(greet, "hello"))) == "hello"


def test_handlers_match_by_kind_pattern_or_command() -> None:
    def karma(event: Message) -> None: ...

    def entered(event: RoomEnter) -> None: ...

    found = read(karma, "^a")
    assert found.match(message("ab")) is not None
    assert found.match(message("ba")) is None
    assert found.match(RoomEnter(room=Room(id=7), sender=Sender())) is None
    assert read(karma, command="/karma").match(message("/karma x")) is not None
    assert read(karma, command="/karma").match(message("/karmax")) is None
    assert read(entered, kind=RoomEnter).event == "room_enter"
    assert read(entered, kind=RoomEnter).returns_nothing


def test_the_first_parameter_may_have_a_wider_type() -> None:
    def any_event(event: RoomEvent) -> None: ...

    def several(event: RoomEnter | Message) -> None: ...

    def untyped(event): ...  # type: ignore[no-untyped-def]

    for function in (any_event, several, untyped):
        assert read(function).kind is Message


def test_group_and_parameter_must_have_the_same_name() -> None:
    def karma(message: Message, nick: str) -> None: ...

    with pytest.raises(TypeError) as caught:
        read(karma, "(?P<name>x)")
    assert "karma: the pattern has the named groups name" in str(caught.value)
    assert "the handler's parameters are nick" in str(caught.value)


def test_a_group_without_parameter_is_refused() -> None:
    def karma(message: Message) -> None: ...

    with pytest.raises(TypeError, match=r"groups name, the handler has none"):
        read(karma, "(?P<name>x)")


def test_a_parameter_without_group_is_refused() -> None:
    def karma(message: Message, name: str) -> None: ...

    with pytest.raises(
        TypeError, match=r"the pattern has none, .* parameters are name"
    ):
        read(karma, "x")
    with pytest.raises(TypeError, match="there is no pattern"):
        read(karma)


def number(message: Message, name: int) -> None: ...


def several(message: Message, *name: str) -> None: ...


def everything(message: Message, **name: str) -> None: ...


def without_parameters() -> None: ...


def only_words(*words: str) -> None: ...


def of_view(request: ViewRequest) -> None: ...


def unknown(message: Message, name: Decimal) -> None: ...


def misspelt(message: Message, name: datetime_module.Nothing) -> None: ...  # type: ignore[name-defined]


def yielding(message: Message, name: str) -> Iterator[str]:
    yield name


async def yielding_later(message: Message, name: str) -> AsyncIterator[str]:
    yield name


async def blocking(message: Message, client: HipChat) -> None: ...


def asynchronous(message: Message, client: AsyncHipChat) -> None: ...


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (number, "name receives the text of a group"),
        (several, "name receives the text of a group"),
        (everything, "name receives the text of a group"),
        (without_parameters, "the first parameter receives the Message"),
        (only_words, "the first parameter receives the Message"),
        (of_view, "request is annotated with ViewRequest"),
        (unknown, "the annotation Decimal is not known"),
        (misspelt, "signature cannot be read: module 'datetime' has no"),
        (max, "signature cannot be read"),
        (yielding, "does not yield"),
        (yielding_later, "does not yield"),
        (blocking, "client must be an AsyncHipChat"),
        (asynchronous, "client must be a HipChat"),
        ("text", "must be a function"),
    ],
)
def test_a_signature_that_cannot_be_filled_is_refused(
    function: Any, error: str
) -> None:
    with pytest.raises(TypeError, match=error):
        read(function, "(?P<name>x)")


def test_a_view_has_no_room_or_sender() -> None:
    def panel(request: ViewRequest, room: Room) -> None: ...

    with pytest.raises(TypeError, match="a ViewRequest has no Room"):
        read(panel, kind=ViewRequest)

    def fine(request: ViewRequest, installation: Installation) -> None: ...

    assert read(fine, kind=ViewRequest).injected == {"installation": Installation}


def keyword(message: Message, *, points: int) -> None: ...


def catch_all(message: Message, **points: int) -> None: ...


def room_before_words(message: Message, room: Room, *words: str) -> None: ...


def positional(message: Message, points: int, /) -> None: ...


def listed(message: Message, points: list[int]) -> None: ...


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (keyword, "points cannot be an argument"),
        (catch_all, "points cannot be an argument"),
        (room_before_words, r"room must stand behind \*words"),
        (positional, "points cannot be positional-only"),
        (listed, "the parameter points"),
    ],
)
def test_a_command_that_cannot_be_called_is_refused(function: Any, error: str) -> None:
    with pytest.raises(TypeError, match=error):
        read(function, command="/karma")


def test_a_pattern_that_takes_too_long_matches_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def karma(message: Message) -> None: ...

    slow = read(karma, "^(a|aa)+$")
    assert slow.match(message("a" * 60 + "c")) is None
    assert "took too long" in caplog.text


def test_an_invalid_pattern_is_refused() -> None:
    def karma(message: Message) -> None: ...

    with pytest.raises(ValueError, match=r"karma: the pattern '\(' is not a regular"):
        read(karma, "(")
    with pytest.raises(TypeError, match="the pattern must be a text"):
        read(karma, b"x")  # type: ignore[arg-type]
