"""Files and pictures to upload, from a path, bytes, a file object or an iterable.

`share_file_with_room` takes a `FileSource`, `update_photo` an `ImageSource`.
Nothing is read before the request is sent.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

from hipkit.api.callbacks import check_callback

__all__ = ["CHUNK_BYTES", "File", "FileSource", "ImageSource", "Progress", "as_file"]

CHUNK_BYTES = 64 * 1024
Progress = Callable[[int, int | None], object]
"""A function that is called with the bytes that have been transferred, and with their total,
`None` if it is unknown: first with 0, then after each chunk, in the thread or task that transfers
them. A retry begins at 0 again. An exception ends the call. It is a plain function, not async."""
FALLBACK_TYPE = "application/octet-stream"


class File:
    """A file to share: its bytes, its displayed name and its media type.

    Args:
        content: A path, the bytes themselves, a binary file object, which is read from its
            current position, or an iterable of bytes. An object that cannot seek, and an
            iterable, are read once, so the call is never retried, and another one needs a new file.
        name: The file's name in the room. Defaults to the name of the path or file object;
            required for bytes and for an iterable.
        content_type: The media type. Defaults to a guess from the name.
        on_progress: Called while the file is sent, see `Progress`.
    """

    def __init__(
        self,
        content: str | os.PathLike[str] | bytes | BinaryIO | Iterable[bytes],
        *,
        name: str | None = None,
        content_type: str | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        if isinstance(content, io.TextIOBase):
            raise TypeError('the file is open in text mode; open it with mode "rb"')
        check_callback("on_progress", on_progress)
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
        if not isinstance(content, (str, os.PathLike, bytes)) and not hasattr(
            content, "read"
        ):
            content = cast("BinaryIO", _Iterated(content))
        self._content = cast("str | os.PathLike[str] | bytes | BinaryIO", content)
        self._on_progress = on_progress
        self._start: int | None = 0
        self._is_read = False
        if not isinstance(self._content, (str, os.PathLike, bytes)):
            can_seek = self._content.seekable()
            self._start = self._content.tell() if can_seek else None

    @property
    def replayable(self) -> bool:
        """Whether the bytes can be read again."""
        return self._start is not None

    @property
    def size_bytes(self) -> int | None:
        """The size in bytes, or `None` if it cannot be known without reading.

        Raises:
            OSError: There is no file at the path.
        """
        if isinstance(self._content, bytes):
            return len(self._content)
        if isinstance(self._content, (str, os.PathLike)):
            found = Path(self._content).stat()
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(
                    errno.EISDIR, os.strerror(errno.EISDIR), str(self._content)
                )
            return found.st_size
        if self._start is None:
            return None
        end = self._content.seek(0, os.SEEK_END)
        self._content.seek(self._start)
        return end - self._start

    def check_unread(self) -> None:
        """Check that the content is still there: an empty file would be shared otherwise.

        Raises:
            ValueError: The content was read, and cannot be read again.
        """
        if self._is_read and not self.replayable:
            raise ValueError(
                f"the content of {self.name!r} was read already, which is possible only once"
            )

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from the start, in chunks of at most 64 KiB, or as the iterable has them.

        Raises:
            TypeError: The iterable yields something else than bytes.
        """
        report = self._on_progress
        if report is None:
            yield from self._read()
            return
        total, sent = self.size_bytes, 0
        report(sent, total)
        for chunk in self._read():
            yield chunk
            # The next chunk is asked for once this one has been passed on.
            sent += len(chunk)
            report(sent, total)

    def _read(self) -> Iterator[bytes]:
        with self._open() as source:
            self._is_read = True
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


class _Iterated:
    """Reads an iterable of bytes once, as a file object that cannot seek."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)

    def seekable(self) -> bool:
        return False

    def read(self, _size: int) -> bytes:
        for chunk in self._chunks:
            if not isinstance(chunk, bytes):
                raise TypeError(
                    f"a file to upload yields bytes, not {type(chunk).__name__}"
                )
            if chunk:  # An empty one would mean that nothing follows.
                return chunk
        return b""


FileSource = File | str | os.PathLike[str] | bytes | BinaryIO
"""Accepted file arguments: a path (`str` or `Path`), bytes, a binary file object, or a `File`."""

ImageSource = str | bytes | os.PathLike[str]
"""Accepted picture arguments: a `Path`, the picture's bytes, or base64 text."""


def as_file(source: FileSource) -> File:
    """Return a file argument as a `File`."""
    if isinstance(source, File):
        return source
    return File(source, name="file" if isinstance(source, bytes) else None)
