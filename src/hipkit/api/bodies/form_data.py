"""The `multipart/form-data` body of a form with files, as RFC 7578 and browsers have it.

Files are read in chunks while the request is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hipkit.api.bodies.files import File
from hipkit.api.bodies.quoting import quoted_name

__all__ = ["FormDataBody"]


class FormDataBody:
    """A body of any number of parts.

    Args:
        parts: Names and contents: a text, JSON as bytes, or a file.
        boundary: What separates them; a random one by default.

    Raises:
        ValueError: The content of a file was read, and cannot be read again.
    """

    def __init__(
        self,
        parts: Iterable[tuple[str, str | bytes | File]],
        boundary: str | None = None,
    ) -> None:
        if boundary is None:
            from secrets import token_hex  # Slow to import; most calls send no form.

            boundary = token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._pieces: list[bytes | File] = []
        for name, content in parts:
            if isinstance(content, File):
                content.check_unread()
            self._pieces += (_head(boundary, name, content), _content(content), b"\r\n")
        self._pieces.append(f"--{boundary}--\r\n".encode())

    @property
    def size_bytes(self) -> int | None:
        """The length of the body in bytes, or `None` if that of a file is unknown."""
        total = 0
        for piece in self._pieces:
            size = piece.size_bytes if isinstance(piece, File) else len(piece)
            if size is None:
                return None
            total += size
        return total

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent again."""
        return all(
            piece.replayable for piece in self._pieces if isinstance(piece, File)
        )

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, File):
                yield from piece.chunks()
            else:
                yield piece


def _content(content: str | bytes | File) -> bytes | File:
    return content.encode() if isinstance(content, str) else content


def _head(boundary: str, name: str, content: str | bytes | File) -> bytes:
    """Return the lines before a part's content."""
    lines = [
        f"--{boundary}",
        f'Content-Disposition: form-data; name="{quoted_name(name)}"',
    ]
    if isinstance(content, File):
        lines[-1] += f'; filename="{quoted_name(content.name)}"'
        lines.append(f"Content-Type: {content.content_type}")
    elif isinstance(content, bytes):
        lines.append("Content-Type: application/json")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()
