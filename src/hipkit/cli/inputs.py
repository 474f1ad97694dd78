"""What people give a command: files, standard input, and values that are checked when read."""

from __future__ import annotations

import sys
from abc import abstractmethod
from datetime import datetime
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from hipkit.json_grammar import parse_json

__all__ = [
    "NULL",
    "Json",
    "Listed",
    "Moment",
    "Nullable",
    "Number",
    "Secret",
    "Text",
    "Truth",
    "read_input",
    "read_text",
]


def read_text(path: str, purpose: str = "the file") -> str:
    """Read a file as UTF-8, or standard input where the path is `-`.

    Raises:
        click.UsageError: It cannot be read.
    """
    if path == "-":
        return read_input(purpose)
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path}: not UTF-8 at byte {error.start}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise click.UsageError(f"{path}: {reason}") from None


def read_input(purpose: str) -> str:
    """Read standard input to its end as UTF-8; it serves one purpose only.

    Raises:
        click.UsageError: It is closed, taken, or not UTF-8.
    """
    memory = click.get_current_context().meta
    taken: dict[str, str] = memory.setdefault("hipkit.input", {})
    if purpose in taken:
        return taken[purpose]
    for earlier in taken:
        raise click.UsageError(f"standard input cannot be both {earlier} and {purpose}")
    if sys.stdin is None or sys.stdin.closed:
        raise click.UsageError(f"standard input is closed; it was to be {purpose}")
    try:
        taken[purpose] = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"standard input is not UTF-8 at byte {error.start}; it was to be {purpose}"
        ) from None
    return taken[purpose]


class Null:
    """What the word `null` becomes: `None` means that an option was not given."""


NULL = Null()


class Value(click.ParamType[object]):
    """A value; what was wrong with it is said without repeating it."""

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> object:
        """Read what the command line gave."""
        if not isinstance(value, str) or (ctx is not None and ctx.resilient_parsing):
            return value  # Completion must not read files, nor wait for standard input.
        try:
            return self._read(value)
        except UnicodeError:
            self.fail("is not UTF-8", param, ctx)
        except (ValueError, OverflowError, RecursionError) as error:
            self.fail(str(error), param, ctx)

    @abstractmethod
    def _read(self, text: str) -> object:
        """Return the value, or raise a `ValueError` that says what is wrong."""


class Text(Value):
    """A text that can be sent: one that came as UTF-8."""

    name = "text"

    def _read(self, text: str) -> object:
        text.encode()
        return text


class Secret(Value):
    """A text that other users of the machine must not see among the arguments."""

    name = "secret"

    def __init__(self, purpose: str) -> None:
        self._purpose = purpose

    def _read(self, text: str) -> object:
        if text == "-" or text.startswith("@"):
            path = text.removeprefix("@")
            text = read_text(path, self._purpose).partition("\n")[0].strip()
        text.encode()
        return text


class GivenSecret(Secret):
    """A secret that a program has already, from a file or standard input alone."""

    def _read(self, text: str) -> object:
        if text != "-" and not text.startswith("@"):
            raise ValueError(
                f"takes - for standard input or @FILE: {self._purpose} among the"
                " arguments can be read by every user of this machine"
            )
        return super()._read(text)


class Number(Value):
    """An id: a number, or else a text."""

    name = "id"

    def _read(self, text: str) -> object:
        text.encode()
        is_number = text.isascii() and text.isdigit() and len(text) < 19
        return int(text) if is_number and text == str(int(text)) else text


class Moment(Value):
    """A date and time in ISO 8601; without an offset, in this machine's time zone."""

    name = "date"

    def _read(self, text: str) -> object:
        try:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.astimezone()
        except (ValueError, OverflowError):
            raise ValueError("must look like 2016-09-09T12:30:00+00:00") from None


class Truth(Value):
    """Yes or no, where `null` is the third."""

    name = "true|false|null"

    def _read(self, text: str) -> object:
        if text not in ("true", "false"):
            raise ValueError("takes true, false, null")
        return text == "true"


class Nullable(Value):
    """Another type, or the word `null` for what the API empties with null."""

    def __init__(self, inner: click.ParamType[object]) -> None:
        self.inner = inner
        self.name = inner.name

    def _read(self, text: str) -> object:
        return NULL if text == "null" else self.inner(text)


class Json(Value):
    """JSON, or `@` and a file that holds some; what it says is the server's to judge.

    Args:
        or_text: Whether a text may stand without its quotes.
    """

    name = "json"

    def __init__(self, *, or_text: bool = False) -> None:
        self._or_text = or_text

    def _read(self, text: str) -> object:
        if text.startswith("@"):
            text = read_text(text[1:], "JSON")
        elif self._or_text and not text.startswith(("{", "[", '"')):
            text.encode()
            return text
        try:
            found = parse_json(text.encode())
        except (ValueError, RecursionError) as error:
            raise ValueError(f"is not JSON: {error}") from None
        return NULL if found is None else found


class Listed(Value):
    """One or several values with commas between.

    Args:
        choices: The values that there are; any, where there are none.
    """

    name = "list"

    def __init__(self, choices: tuple[str, ...] = ()) -> None:
        self._choices = choices

    def _read(self, text: str) -> object:
        text.encode()
        items = [item.strip() for item in text.split(",") if item.strip()]
        if self._choices and not {*items} <= {*self._choices}:
            raise ValueError(f"takes {', '.join(self._choices)}")
        return items

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the last item of the list."""
        before, comma, last = incomplete.rpartition(",")
        return [
            CompletionItem(before + comma + choice)
            for choice in self._choices
            if choice.startswith(last)
        ]
