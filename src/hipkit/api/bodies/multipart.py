"""The `multipart/related` body of a shared file, as Atlassian's own web client writes it.

CRLF line ends, the metadata part first, raw bytes without a transfer encoding, a closing
boundary. The file is read in chunks while the request is sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from hipkit.api.bodies.files import FileSource, as_file

__all__ = ["RelatedBody"]

JSON = "application/json; charset=UTF-8"


class RelatedBody:
    """A body of two parts: metadata as JSON, and the file.

    Raises:
        ValueError: The content of the file was read, and cannot be read again.
    """

    def __init__(
        self, source: FileSource, metadata: bytes | None, boundary: str | None = None
    ) -> None:
        self._file = as_file(source)
        self._file.check_unread()
        if boundary is None:
            from secrets import token_hex  # Slow to import; most calls share no file.

            boundary = token_hex(16)
        self.content_type = f"multipart/related; boundary={boundary}"
        # HipChat rejects a second JSON part, so its web client sends JSON files as text.
        media_type = self._file.content_type
        if media_type == "application/json":
            media_type = "text/plain"
        # A quotation mark or a line end would end the header's value.
        file_name = "".join(
            "_" if letter in '"\\' or not letter.isprintable() else letter
            for letter in self._file.name
        )
        self._before = b""
        if metadata is not None:
            self._before = _head(boundary, JSON, 'name="metadata"') + metadata + b"\r\n"
        self._before += _head(
            boundary, media_type, f'name="file"; filename="{file_name}"'
        )
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


def _head(boundary: str, content_type: str, parameters: str) -> bytes:
    """Return the lines before a part's content."""
    return (
        f"--{boundary}\r\n"
        f"Content-Type: {content_type}\r\n"
        f"Content-Disposition: attachment; {parameters}\r\n\r\n"
    ).encode()
