"""Files and pictures to upload, from a path, bytes or a file object.

`share_file_with_room` takes a `FileSource`, `update_photo` an `ImageSource`.
Nothing is read before the request is sent.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

__all__ = ["File", "FileSource", "ImageSource", "as_file"]

CHUNK_BYTES = 64 * 1024
FALLBACK_TYPE = "application/octet-stream"


class File:
    """A file to share: its bytes, its displayed name and its media type.

    Args:
        content: A path, the bytes themselves, or a binary file object, which is read from its
            current position. An object that cannot seek is read once, so the call is never
            retried.
        name: The file's name in the room. Defaults to the name of the path or file object;
            required for bytes.
        content_type: The media type. Defaults to a guess from the name.
    """

    def __init__(
        self,
        content: str | os.PathLike[str] | bytes | BinaryIO,
        *,
        name: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if isinstance(content, io.TextIOBase):
            raise TypeError('the file is open in text mode; open it with mode "rb"')
        if name is None:
            is_path = isinstance(content, (str, os.PathLike))
            own = content if is_path else getattr(content, "name", None)
            if not isinstance(own, (str, os.PathLike)):
                raise ValueError(
                    "the file has no name; pass one: File(data, name='report.txt')"
                )
            name = os.path.basename(os.fspath(own))  # noqa: PTH119 - a name, not a path on disk
        self.name = name
        import mimetypes  # Most calls share no file.

        guessed, packed_by = mimetypes.guess_type(name)
        self.content_type = content_type or (not packed_by and guessed) or FALLBACK_TYPE
        if not (self.content_type.isascii() and self.content_type.isprintable()):
            raise ValueError("content_type must be printable ASCII, such as image/png")
        self._content = content
        self._start: int | None = 0
        if not isinstance(content, (str, os.PathLike, bytes)):
            self._start = content.tell() if content.seekable() else None

    @property
    def replayable(self) -> bool:
        """Whether the bytes can be read again."""
        return self._start is not None

    @property
    def size_bytes(self) -> int | None:
        """The size in bytes, or `None` if it cannot be known without reading."""
        if isinstance(self._content, bytes):
            return len(self._content)
        if isinstance(self._content, (str, os.PathLike)):
            return Path(self._content).stat().st_size
        if self._start is None:
            return None
        end = self._content.seek(0, os.SEEK_END)
        self._content.seek(self._start)
        return end - self._start

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from the start, in chunks of at most 64 KiB."""
        with self._open() as source:
            yield from iter(lambda: source.read(CHUNK_BYTES), b"")

    def _open(self) -> AbstractContextManager[BinaryIO]:
        """Open the content at its start; the caller's own file object stays open."""
        if isinstance(self._content, bytes):
            return io.BytesIO(self._content)
        if isinstance(self._content, (str, os.PathLike)):
            return Path(self._content).open("rb")
        if self._start is not None:
            self._content.seek(self._start)
        return nullcontext(self._content)

    def __repr__(self) -> str:
        return f"File(name={self.name!r}, content_type={self.content_type!r})"


FileSource = File | str | os.PathLike[str] | bytes | BinaryIO
"""Accepted file arguments: a path (`str` or `Path`), bytes, a binary file object, or a `File`."""

ImageSource = str | bytes | os.PathLike[str]
"""Accepted picture arguments: a `Path`, the picture's bytes, or base64 text."""


def as_file(source: FileSource) -> File:
    """Return a file argument as a `File`."""
    if isinstance(source, File):
        return source
    return File(source, name="file" if isinstance(source, bytes) else None)
