"""A shared file as it reaches the server: already on disk, not yet kept."""

from __future__ import annotations

from hipkit.api.files import File, FileSource
from hipkit.server.storage.blobs import Upload

__all__ = ["ReceivedFile", "received"]


class ReceivedFile(File):
    """What fills a file argument on the server's side.

    Args:
        upload: Where the bytes are.
        name: The name that people see; never a path.
        content_type: The media type, as the sender says.
    """

    def __init__(self, upload: Upload, *, name: str, content_type: str | None) -> None:
        super().__init__(upload.path, name=name, content_type=content_type)
        self.upload = upload


def received(source: FileSource) -> ReceivedFile:
    """Return a file argument as the server's own kind.

    Raises:
        TypeError: It was filled by something else than a request.
    """
    if not isinstance(source, ReceivedFile):
        raise TypeError(f"not a received file: {type(source).__name__}")
    return source
