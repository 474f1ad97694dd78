r"""Write to standard output and standard error, escaped for a terminal.

Text comes from servers and other users: characters that could move the cursor, change colors or
reorder letters are shown as escapes (`\x1b`).
Read next: `table.py`, which formats values for reading.
"""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

import msgspec

from hipkit.api.bodies.writing import to_plain

__all__ = [
    "harmless",
    "is_terminal",
    "one_line",
    "write",
    "write_bytes",
    "write_json",
    "write_json_list",
    "write_stderr",
    "write_stderr_json",
]

# Compiled by the first output: `hipkit send` usually has none.
HARMFUL = (
    "["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters except tab and line end
    r"\u2028\u2029"  # line and paragraph separators
    r"\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"  # marks of direction: could disguise text
    r"\ud800-\udfff"  # lone surrogates, which have no encoding
    "]"
)


def harmless(text: str) -> str:
    """Replace characters that a terminal would interpret with visible escapes."""
    return re.sub(HARMFUL, _escape, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return a harmless text without line ends and tabs."""
    return harmless(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def write(text: str) -> None:
    """Write a line of text to standard output."""
    _write_line(_standard_output(), harmless(text) + "\n")


def write_json(value: object) -> None:
    """Write a JSON document in one line, as UTF-8 whatever the terminal's encoding."""
    write_bytes(_json_line(value).encode())


def write_json_list(items: Iterable[object]) -> None:
    """Write one JSON list, item by item as they arrive."""
    before = "["
    for item in items:
        write_bytes((before + _json_line(item).rstrip("\n")).encode())
        before = ","
    write_bytes(b"[]\n" if before == "[" else b"]\n")


def write_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are."""
    stream = _standard_output()
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


def write_stderr(text: str) -> None:
    """Write one line to standard error."""
    _write_error(f"hipkit: {one_line(text)}\n")


def write_stderr_json(value: object) -> None:
    """Write one JSON document in one line to standard error."""
    _write_error(_json_line(value))


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def _standard_output() -> TextIO:
    stream: TextIO | None = sys.stdout
    if stream is None or stream.closed:
        raise OSError(errno.EBADF, "standard output is closed")
    return stream


def _write_error(line: str) -> None:
    stream: TextIO | None = sys.stderr
    if stream is None or stream.closed:
        return
    # If standard error cannot be written, only the exit code can report the problem.
    with suppress(OSError):
        _write_line(stream, line)


def _write_line(stream: TextIO, line: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _json_line(value: object) -> str:
    text = msgspec.json.encode(to_plain(value)).decode()
    # In JSON these characters occur in strings only, where an escape of JSON keeps the value.
    return re.sub(HARMFUL, lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
