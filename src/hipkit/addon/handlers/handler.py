"""Handlers: what their signatures ask for, and the arguments they are called with.

A handler's first parameter receives what it is for: an event, a view's request or an installation.
The others are the named groups of its pattern or the arguments of its command, by name, and
whatever can be passed by type: see `INJECTED`. All of this is compared when a handler is
registered.
Read next: `dispatch/dispatching.py`, which calls them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature
from logging import getLogger
from types import NoneType, UnionType
from typing import Annotated, Union, cast, get_args, get_origin

from hipkit.addon.handlers.commands import Argument, Command, read_argument
from hipkit.addon.handlers.events import Message, RoomEvent
from hipkit.addon.installations.installation import Installation
from hipkit.api.callbacks import is_async
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.hipchat import HipChat
from hipkit.descriptors.patterns import find_match, find_problem
from hipkit.v2.models import Room, Sender

__all__ = [
    "INJECTED",
    "NO_GROUPS",
    "OF_EVENTS",
    "Factories",
    "Groups",
    "Handler",
    "read_handler",
]

LOGGER = getLogger("hipkit.addon")

INJECTED: tuple[type, ...] = (AsyncHipChat, HipChat, Installation, Room, Sender)
"""What a handler may ask for by type: the client of the installation (`AsyncHipChat` if the handler
is async, else `HipChat`), the installation, and the event's room and sender."""
OF_EVENTS = (Room, Sender)
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


Factories = Mapping[type, Callable[[], object]]
"""Type in `INJECTED` -> returns the value to pass; called only for what a handler asks for."""

Groups = Mapping[str, str | None]
"""Named group that a handler receives -> its text."""
NO_GROUPS: Groups = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A function, and what its signature says about it.

    Attributes:
        key: Identifies it among the add-on's handlers.
        function: The function.
        is_async: Whether calling it returns an awaitable.
        kind: The type of what it is for.
        injected: Parameter -> the type of the value to pass.
        pattern: What a message's text must contain.
        groups: Parameters that receive named groups -> the value for a group without a match.
        command: The command that a message must call.
        returns_nothing: Whether it is annotated with `-> None`.
    """

    key: str
    function: Callable[..., object]
    is_async: bool
    kind: type
    injected: Mapping[str, type]
    pattern: str | None = None
    groups: Mapping[str, str | None]
    command: Command | None = None
    returns_nothing: bool

    @property
    def event(self) -> str:
        """HipChat's name of the event; empty if it is not for an event."""
        return self.kind.event if issubclass(self.kind, RoomEvent) else ""

    def match(self, event: RoomEvent) -> Groups | None:
        """Return the named groups that the handler receives; `None` if an event is not for it."""
        if not isinstance(event, self.kind):
            return None
        if self.command is not None:
            is_called = isinstance(event, Message) and self.command.matches(event.text)
            return {} if is_called else None
        text = getattr(event, "text", None)
        if self.pattern is None or not isinstance(text, str):
            return {} if self.pattern is None else None
        try:
            # In bounded time: the text comes from anybody.
            found = find_match(self.pattern, text)
        except TimeoutError:
            LOGGER.warning("%s: its pattern took too long for a message", self.key)
            return None
        if found is None:
            return None
        matched = found.groupdict()
        return {
            name: absent if (value := matched.get(name)) is None else value
            for name, absent in self.groups.items()
        }

    def call(
        self, subject: object, factories: Factories, groups: Groups = NO_GROUPS
    ) -> object:
        """Call the function; of an async one, return the awaitable.

        Args:
            subject: What the handler is for, such as an event.
            factories: The values that are passed by type.
            groups: The named groups, as `match` returns them.

        Raises:
            UsageError: The message calls the command with wrong arguments.
        """
        named = {name: factories[kind]() for name, kind in self.injected.items()}
        named |= groups
        words: list[object] = []
        if self.command is not None and isinstance(subject, Message):
            values = self.command.read(subject.text, subject.mentions)
            repeated = self.command.repeated
            if repeated is None:
                named |= values
            else:
                # What stands before `*words` must be passed by position.
                before = [value for name, value in values.items() if name != repeated]
                words = [*before, *cast("list[object]", values[repeated])]
        return self.function(subject, *words, **named)


def read_handler(
    function: Callable[..., object],
    kind: type,
    *,
    key: str,
    pattern: str | None = None,
    command: str | None = None,
) -> Handler:
    """Return a handler, once its signature fits.

    Args:
        function: The function.
        kind: The type of what its first parameter receives.
        key: Identifies the handler.
        pattern: A regular expression for the text of messages.
        command: The name of a command.

    Raises:
        TypeError: A parameter cannot be filled, or a named group has no parameter.
        ValueError: The pattern or the command's name is invalid.
    """
    if not callable(function):
        raise TypeError(f"a handler must be a function, not {function!r}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{key}: a handler returns its result, and does not yield it")
    signature = _signature_of(function, key)
    parameters = list(signature.parameters.values())
    _check_first(parameters, kind, key)
    others = parameters[1:]
    compiled = None if pattern is None else _compile(pattern, key)
    injected: dict[str, type] = {}
    named: list[Parameter] = []
    asynchronous = is_async(function)
    for parameter in others:
        wanted = _injected_type(parameter.annotation)
        if wanted is None:
            named.append(parameter)
            continue
        _check_injected(wanted, kind, key, parameter.name, asynchronous)
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            raise TypeError(f"{key}: {parameter.name} cannot be positional-only")
        injected[parameter.name] = wanted
    groups: Mapping[str, str | None] = {}
    made: Command | None = None
    if command is not None:
        made = Command.of(command, function, _arguments(named, others, key))
    else:
        groups = _groups(named, compiled, key, kind)
    return Handler(
        key=key,
        function=function,
        is_async=asynchronous,
        kind=kind,
        injected=injected,
        pattern=pattern,
        groups=groups,
        command=made,
        returns_nothing=signature.return_annotation in (None, NoneType),
    )


def _signature_of(function: Callable[..., object], key: str) -> Signature:
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError as error:
        raise TypeError(
            f"{key}: the annotation {error.name} is not known when the handler is registered; "
            "import it, and not under TYPE_CHECKING"
        ) from None
    except (SyntaxError, AttributeError, TypeError, ValueError) as error:
        raise TypeError(f"{key}: its signature cannot be read: {error}") from None
    return signature.replace(
        parameters=[
            each.replace(annotation=_without_metadata(each.annotation))
            for each in signature.parameters.values()
        ],
        return_annotation=_without_metadata(signature.return_annotation),
    )


def _without_metadata(annotation: object) -> object:
    """Return an annotation without any `Annotated`, whose metadata are for other libraries."""
    if get_origin(annotation) is Annotated:
        return _without_metadata(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        # `Union` itself accepts all that may stand in one, such as a `Literal`.
        return Union[tuple(map(_without_metadata, get_args(annotation)))]  # noqa: UP007
    return annotation


def _check_first(parameters: list[Parameter], kind: type, key: str) -> None:
    if not parameters or parameters[0].kind not in POSITIONAL:
        raise TypeError(f"{key}: the first parameter receives the {kind.__name__}")
    first = parameters[0]
    if first.annotation is Parameter.empty:
        return
    accepted = _alternatives(first.annotation)
    if not any(isinstance(each, type) and issubclass(kind, each) for each in accepted):
        raise TypeError(
            f"{key}: the first parameter receives the {kind.__name__}, and {first.name} is "
            f"annotated with {_shown(first.annotation)}"
        )


def _check_injected(
    wanted: type, kind: type, key: str, name: str, asynchronous: bool
) -> None:
    if wanted in OF_EVENTS and not issubclass(kind, RoomEvent):
        raise TypeError(
            f"{key}: {name} cannot be filled, a {kind.__name__} has no {wanted.__name__}"
        )
    if wanted is HipChat and asynchronous:
        raise TypeError(
            f"{key}: {name} must be an AsyncHipChat, since HipChat would block other tasks"
        )
    if wanted is AsyncHipChat and not asynchronous:
        raise TypeError(f"{key}: {name} must be a HipChat, or {key} be an async def")


def _compile(pattern: str, key: str) -> re.Pattern[str]:
    if not isinstance(pattern, str):
        raise TypeError(
            f"{key}: the pattern must be a text, which HipChat matches too; flags are written in "
            "it, such as (?i)"
        )
    problem = find_problem(pattern)
    if problem is not None:
        raise ValueError(f"{key}: the pattern {pattern!r} {problem}")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"{key}: the pattern {pattern!r} is not a regular expression: {error}"
        ) from None


def _groups(
    named: list[Parameter], pattern: re.Pattern[str] | None, key: str, kind: type
) -> Mapping[str, str | None]:
    groups = set() if pattern is None else set(pattern.groupindex)
    wanted = {parameter.name for parameter in named}
    if groups != wanted:
        has = _names(groups, "the pattern has the named groups", "the pattern has none")
        if pattern is None:
            has = "there is no pattern whose groups it could receive"
        asks = _names(wanted, "the handler's parameters are", "the handler has none")
        types = ", ".join(each.__name__ for each in INJECTED)
        raise TypeError(
            f"{key}: {has}, {asks}; beside them, and the {kind.__name__}, a parameter has one of "
            f"the types {types}"
        )
    return {parameter.name: _absent(parameter, key) for parameter in named}


def _names(names: set[str], text: str, none: str) -> str:
    return f"{text} {', '.join(sorted(names))}" if names else none


def _absent(parameter: Parameter, key: str) -> str | None:
    """Return what a parameter receives if its group is not part of the match."""
    kinds = _alternatives(parameter.annotation)
    is_text = parameter.annotation is Parameter.empty or str in kinds
    if not is_text or parameter.kind not in (
        Parameter.POSITIONAL_OR_KEYWORD,
        Parameter.KEYWORD_ONLY,
    ):
        raise TypeError(
            f"{key}: {parameter.name} receives the text of a group: annotate it with str, or with "
            "str | None for a group that may be left out"
        )
    if parameter.default is not Parameter.empty:
        default: str | None = parameter.default
        return default
    return None if NoneType in kinds else ""


def _arguments(
    named: list[Parameter], others: list[Parameter], key: str
) -> list[Argument]:
    for parameter in named:
        if parameter.kind is Parameter.VAR_KEYWORD or (
            parameter.kind is Parameter.KEYWORD_ONLY
        ):
            raise TypeError(
                f"{key}: {parameter.name} cannot be an argument: it has no position"
            )
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            raise TypeError(f"{key}: {parameter.name} cannot be positional-only")
    if any(each.kind is Parameter.VAR_POSITIONAL for each in named):
        stray = [
            each.name
            for each in others
            if each not in named and each.kind is not Parameter.KEYWORD_ONLY
        ]
        if stray:
            raise TypeError(
                f"{key}: {', '.join(stray)} must stand behind *{named[-1].name}"
            )
    return [read_argument(parameter) for parameter in named]


def _alternatives(annotation: object) -> tuple[object, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (object,) if annotation is Parameter.empty else (annotation,)


def _injected_type(annotation: object) -> type | None:
    """Return the type in `INJECTED` that an annotation is for."""
    return next((each for each in INJECTED if each in _alternatives(annotation)), None)


def _shown(annotation: object) -> str:
    return getattr(annotation, "__name__", str(annotation))
