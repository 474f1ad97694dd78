"""The `multipart/related` body of a shared file, as Atlassian's own web client writes it.

CRLF line ends, the metadata part first, raw bytes without a transfer encoding, a closing
boundary. The file is read in chunks while the request is sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from hipkit.api.files import FileSource, as_file

__all__ = ["RelatedBody"]


class RelatedBody:
    """A body of two parts: metadata as JSON, and the file."""

    def __init__(
        self, source: FileSource, metadata: bytes | None, boundary: str | None = None
    ) -> None:
        self._file = as_file(source)
        if boundary is None:
            from secrets import token_hex  # Slow to import; most calls share no file.

            boundary = token_hex(16)
        self.content_type = f"multipart/related; boundary={boundary}"
        # HipChat rejects a second JSON part, so its web client sends JSON files as text.
        media_type = self._file.content_type
        if media_type == "application/json":
            media_type = "text/plain"
        opening = b""
        if metadata is not None:
            head = (
                f"--{boundary}\r\n"
                "Content-Type: application/json; charset=UTF-8\r\n"
                'Content-Disposition: attachment; name="metadata"\r\n\r\n'
            )
            opening = head.encode() + metadata + b"\r\n"
        head = (
            f"--{boundary}\r\n"
            f"Content-Type: {media_type}\r\n"
            'Content-Disposition: attachment; name="file"; '
            f"{_file_name(self._file.name)}\r\n\r\n"
        )
        self._before = opening + head.encode()
        self._after = f"\r\n--{boundary}--\r\n".encode()

    @property
    def size_bytes(self) -> int | None:
        """The length of the body in bytes, or `None` if the file's is unknown."""
        size = self._file.size_bytes
        return None if size is None else len(self._before) + size + len(self._after)

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent again."""
        return self._file.replayable

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        yield from self._file.chunks()
        yield self._after


def _file_name(name: str) -> str:
    """Escape quotes, line ends and non-ASCII characters in a file name for a header."""
    plain = "".join(
        "_" if character in '"\\' or not character.isprintable() else character
        for character in name
    )
    return f'filename="{plain}"'
