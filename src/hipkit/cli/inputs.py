"""Input of commands: files, standard input, and checked values."""

from __future__ import annotations

import codecs
import re
import sys
from abc import abstractmethod
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hipkit.api.bodies.json_grammar import parse_json

if TYPE_CHECKING:  # Only a shell that completes needs it.
    from click.shell_completion import CompletionItem

__all__ = [
    "NULL",
    "Json",
    "Listed",
    "Nullable",
    "NullableBoolean",
    "Number",
    "Secret",
    "Since",
    "Text",
    "Timestamp",
    "Value",
    "first_line",
    "read_input",
    "read_text",
]


# Longer marks first: the mark of UTF-32 starts with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_text(path: str, purpose: str = "the file") -> str:
    """Read a file, or standard input if the path is `-`, as UTF-8 or by its byte order mark.

    Raises:
        click.UsageError: The file cannot be read.
    """
    if path == "-":
        return read_input(purpose)
    try:
        text = _decoded(Path(path).read_bytes())
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path}: {_misfit(error)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise click.UsageError(f"{path}: {reason}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def first_line(text: str) -> str:
    """Return the first line of a text, without a byte order mark and white space around it."""
    return text.removeprefix("\ufeff").partition("\n")[0].strip()


def read_input(purpose: str) -> str:
    """Read standard input to its end, like a file; it serves one purpose only.

    Raises:
        click.UsageError: It is closed, was read for another purpose, or cannot be decoded.
    """
    memory = click.get_current_context().meta
    taken: dict[str, str] = memory.setdefault("hipkit.input", {})
    if purpose in taken:
        return taken[purpose]
    for earlier in taken:
        raise click.UsageError(f"standard input cannot be both {earlier} and {purpose}")
    if sys.stdin is None or sys.stdin.closed:
        raise click.UsageError(f"cannot read {purpose}: standard input is closed")
    try:
        taken[purpose] = _decoded(sys.stdin.buffer.read())
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"cannot read {purpose}: standard input is {_misfit(error)}"
        ) from None
    return taken[purpose]


def _decoded(data: bytes) -> str:
    """Decode text by its byte order mark, which editors and PowerShell write; else as UTF-8."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding)
    return data.decode()


def _misfit(error: UnicodeDecodeError) -> str:
    encoding = error.encoding.upper()[: len("UTF-16")]  # Without the byte order.
    return f"not {encoding} at byte {error.start}"


DURATION = re.compile(
    r"(?:[0-9]{1,6}d)?(?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,9}s)?"
)
DURATION_PART = re.compile(r"([0-9]+)([dhms])")
DAY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}")


class Null:
    """The value of the word `null`; `None` means that an option is not set."""


NULL = Null()


class Value(click.ParamType[object]):
    """A checked value. Errors never contain it, because it may be secret."""

    name = "text"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> object:
        """Convert a value from the command line."""
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
    """Text that can be sent: valid UTF-8."""

    def _read(self, text: str) -> object:
        text.encode()
        return text


class Secret(Value):
    """A secret, which can also be read from a file or standard input."""

    name = "secret"

    def __init__(self, purpose: str) -> None:
        self._purpose = purpose

    def _read(self, text: str) -> object:
        if text == "-" or text.startswith("@"):
            text = first_line(read_text(text.removeprefix("@"), self._purpose))
        text.encode()
        return text


class SecretFromFile(Secret):
    """A secret that must be read from a file or standard input."""

    def _read(self, text: str) -> object:
        if text != "-" and not text.startswith("@"):
            raise ValueError(
                f"must be - (standard input) or @FILE: {self._purpose} on the command line"
                " is visible to every user of this machine"
            )
        return super()._read(text)


class Number(Value):
    """An id: a number if it is one, else text."""

    name = "id"

    def _read(self, text: str) -> object:
        text.encode()
        is_number = text.isascii() and text.isdigit() and len(text) < 19
        return int(text) if is_number and text == str(int(text)) else text


class Timestamp(Value):
    """A date and time in ISO 8601 with its offset.

    Args:
        words: Words that are accepted instead.
    """

    name = "date"

    def __init__(self, *words: str) -> None:
        self._words = words

    def _read(self, text: str) -> object:
        if text in self._words:
            return text
        wanted = " or ".join([*self._words, "a date such as 2016-09-09T12:30:00+00:00"])
        try:
            timestamp = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"must be {wanted}") from None
        if timestamp.utcoffset() is None:
            raise ValueError(f"needs a time and a UTC offset: must be {wanted}")
        return timestamp


class Since(Value):
    """A time in the past: a duration until now, or a date."""

    name = "time"

    def _read(self, text: str) -> object:
        parts = DURATION.fullmatch(text)
        if parts and text:
            counts = {unit: int(number) for number, unit in DURATION_PART.findall(text)}
            return timedelta(
                days=counts.get("d", 0),
                hours=counts.get("h", 0),
                minutes=counts.get("m", 0),
                seconds=counts.get("s", 0),
            )
        try:
            timestamp = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                "must be a duration such as 30m, 2h or 1d, or a date such as 2016-09-09"
            ) from None
        if timestamp.utcoffset() is not None:
            return timestamp
        if DAY.fullmatch(text) is None:
            raise ValueError("needs a UTC offset: 2016-09-09T12:30:00+00:00")
        # Midnight here, as messages are shown in this machine's time zone.
        return timestamp.astimezone()


class NullableBoolean(Value):
    """A boolean that may also be `null`."""

    name = "true|false|null"

    def _read(self, text: str) -> object:
        if text not in ("true", "false"):
            raise ValueError("must be true, false or null")
        return text == "true"


class Nullable(Value):
    """A value of another type, or the word `null`."""

    def __init__(self, inner: click.ParamType[object]) -> None:
        self.inner = inner
        self.name = inner.name

    def _read(self, text: str) -> object:
        return NULL if text == "null" else self.inner(text)


class Json(Value):
    """JSON, or `@` and the path of a JSON file. Only its syntax is checked.

    Args:
        or_text: Whether text is accepted without quotes.
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
    """Values separated by commas.

    Args:
        choices: The allowed values; empty for any.
    """

    name = "list"

    def __init__(self, choices: tuple[str, ...] = ()) -> None:
        self._choices = choices

    def _read(self, text: str) -> object:
        text.encode()
        items = [item.strip() for item in text.split(",") if item.strip()]
        if self._choices and not {*items} <= {*self._choices}:
            raise ValueError(f"must be one or more of {', '.join(self._choices)}")
        return items

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the last item of the list."""
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        return [
            CompletionItem(before + comma + choice)
            for choice in self._choices
            if choice.startswith(last)
        ]
