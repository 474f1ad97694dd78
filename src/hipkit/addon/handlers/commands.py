"""Commands such as `/karma @bob 3`: arguments from a text, and usage from a signature (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from inspect import Parameter, cleandoc, getdoc
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin

from hipkit.v2.models import User

__all__ = ["Argument", "Command", "UsageError", "check_command_name", "read_argument"]

NAME = re.compile(r"/[A-Za-z0-9_-]{1,39}")
WORD = re.compile(r"\S+")
CLOSING = {'"': '"', "“": "”"}
"""The quotes that join words, and what closes each."""
HELP = (["help"], ["--help"])
LONGEST_NUMBER = 30
"""Digits of a number. Python takes quadratic time for thousands of them."""
TRUTH = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)

Convert = Callable[[str, Sequence[User]], object]
"""Converts a word, given the mentioned users; raises `ValueError`."""


class UsageError(ValueError):
    """A command was called with wrong arguments; the text may be shown to the sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a command.

    Attributes:
        name: The parameter's name.
        what: What it has to be, such as `a whole number`.
        convert: Converts a word.
        is_required: Whether it may not be left out.
        is_repeated: Whether it takes all words that are left.
    """

    name: str
    what: str
    convert: Convert
    is_required: bool
    is_repeated: bool

    @property
    def usage(self) -> str:
        """The argument as usage shows it: `<name>`, or `[name]` if it may be left out."""
        shown = f"{self.name} ..." if self.is_repeated else self.name
        return f"<{shown}>" if self.is_required else f"[{shown}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, and what its handler's signature says about it."""

    name: str
    """With its slash."""
    arguments: tuple[Argument, ...]
    description: str
    """The handler's docstring; may be empty."""

    @classmethod
    def of(
        cls, name: str, function: Callable[..., object], arguments: Sequence[Argument]
    ) -> Command:
        """Return the command of a handler.

        Raises:
            ValueError: The name is not like `/karma`.
            TypeError: The name is not a text, or a required argument follows an optional one.
        """
        check_command_name(name)
        optional = [each.name for each in arguments if not each.is_required]
        if optional and arguments[-1].is_required and len(optional) < len(arguments):
            first = next(i for i, each in enumerate(arguments) if not each.is_required)
            late = next(each for each in arguments[first:] if each.is_required)
            raise TypeError(f"{name}: {late.name} is required and comes after optional")
        return cls(
            name=name,
            arguments=tuple(arguments),
            description=cleandoc(getdoc(function) or ""),
        )

    @property
    def pattern(self) -> str:
        """The regular expression by which HipChat finds the command."""
        return rf"^{self.name}(\s|$)"

    @property
    def repeated(self) -> str | None:
        """The argument that takes all words that are left, if there is one."""
        return next((each.name for each in self.arguments if each.is_repeated), None)

    @property
    def usage(self) -> str:
        """One line, such as `/karma <name> [points]`."""
        return " ".join([self.name, *(each.usage for each in self.arguments)])

    @property
    def help(self) -> str:
        """The usage and the description."""
        return f"{self.usage}\n{self.description}".strip()

    @property
    def summary(self) -> str:
        """One line for a list of commands."""
        first = self.description.partition("\n")[0]
        return f"{self.usage} - {first}" if first else self.usage

    def matches(self, text: str) -> bool:
        """Return whether a message calls the command."""
        name, rest = text[: len(self.name)], text[len(self.name) :]
        return name == self.name and (not rest or rest[0].isspace())

    def read(self, text: str, mentions: Sequence[User]) -> Mapping[str, object]:
        """Return the arguments of a call, by parameter; a repeated one has a list.

        Raises:
            UsageError: An argument is missing, superfluous or of another type, or help was asked
                for; the message is what to answer.
        """
        words = _words(text[len(self.name) :])
        if words in HELP:
            raise UsageError(self.help)
        values: dict[str, object] = {}
        for argument in self.arguments:
            if argument.is_repeated:
                given, words = words, []
                values[argument.name] = [
                    self._convert(argument, word, mentions) for word in given
                ]
            elif words:
                values[argument.name] = self._convert(argument, words.pop(0), mentions)
            elif argument.is_required:
                raise UsageError(f"{argument.name} is missing. Usage: {self.usage}")
        if words:
            raise UsageError(f"There are too many arguments. Usage: {self.usage}")
        return values

    def _convert(
        self, argument: Argument, word: str, mentions: Sequence[User]
    ) -> object:
        try:
            return argument.convert(word, mentions)
        except ValueError:
            raise UsageError(
                f"{argument.name} must be {argument.what}. Usage: {self.usage}"
            ) from None


def check_command_name(name: object) -> None:
    """Check a command's name.

    Raises:
        TypeError: It is not a text.
        ValueError: It is not a slash and 1 to 39 letters, digits, `_` and `-`.
    """
    if not isinstance(name, str):
        raise TypeError(f'a command\'s name is a text such as "/karma", not {name!r}')
    if NAME.fullmatch(name) is None:
        raise ValueError(
            f"the command {name!r} must be a slash and 1 to 39 letters, digits, _ and -"
        )


def _words(text: str) -> list[str]:
    """Return the words of a text; those in double quotes are one."""
    words: list[str] = []
    # A text with many quotes that nothing closes takes no longer than any other.
    closing = dict(CLOSING)
    at = 0
    while found := WORD.search(text, at):
        start, at = found.span()
        quote = text[start]
        end = text.find(closing[quote], start + 1) if quote in closing else -1
        if end < 0:
            closing.pop(quote, None)
            words.append(found.group())
        else:
            words.append(text[start + 1 : end])
            at = end + 1
    return words


def read_argument(parameter: Parameter) -> Argument:
    """Return the argument that a handler's parameter describes.

    Raises:
        TypeError: Words cannot be converted to its type.
    """
    annotation = parameter.annotation
    if annotation is Parameter.empty:
        annotation = str
    found = _converter(_without_none(annotation))
    if found is None:
        raise TypeError(
            f"the parameter {parameter.name} of a command cannot be {annotation}: an argument is "
            "a str, int, float, bool, Literal, Enum or User (someone who is mentioned)"
        )
    what, convert = found
    is_repeated = parameter.kind is Parameter.VAR_POSITIONAL
    return Argument(
        name=parameter.name,
        what=what,
        convert=convert,
        is_required=parameter.default is Parameter.empty and not is_repeated,
        is_repeated=is_repeated,
    )


def _without_none(annotation: object) -> object:
    if get_origin(annotation) in (Union, UnionType):
        kinds = [each for each in get_args(annotation) if each is not NoneType]
        return kinds[0] if len(kinds) == 1 else annotation
    return annotation


def _converter(kind: object) -> tuple[str, Convert] | None:
    if get_origin(kind) is Literal:
        return _choice({str(value): value for value in get_args(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice({str(each.value): each for each in kind})
    return CONVERTERS.get(kind) if isinstance(kind, type) else None


def _choice(values: Mapping[str, object]) -> tuple[str, Convert]:
    def convert(word: str, _: Sequence[User]) -> object:
        if word not in values:
            raise ValueError(word)
        return values[word]

    return f"one of {', '.join(values)}", convert


def _number(word: str) -> str:
    if len(word) > LONGEST_NUMBER or NUMBER.fullmatch(word) is None:
        raise ValueError(word)
    return word


def _bool(word: str, _: Sequence[User]) -> object:
    value = TRUTH.get(word.lower())
    if value is None:
        raise ValueError(word)
    return value


def _user(word: str, mentions: Sequence[User]) -> object:
    name = word.removeprefix("@").casefold()
    for user in mentions:
        if user.mention_name is not None and user.mention_name.casefold() == name:
            return user
    raise ValueError(word)


CONVERTERS: dict[type, tuple[str, Convert]] = {
    str: ("a text", lambda word, _: word),
    int: ("a whole number", lambda word, _: int(_number(word))),
    float: ("a number", lambda word, _: float(_number(word))),
    bool: ("yes or no", _bool),
    User: ("a user, such as @jane", _user),
}
