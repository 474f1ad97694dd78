"""A shared file as the server receives it: on disk already, without a key or row yet."""

from __future__ import annotations

from hipkit.api.bodies.files import File
from hipkit.server.storage.blobs import Upload

__all__ = ["ReceivedFile"]


class ReceivedFile(File):
    """The server's kind of `File`: an upload that the pipeline wrote to disk.

    Args:
        upload: The bytes on disk.
        name: The name to show; never a path.
        content_type: The media type that the sender declared.
    """

    def __init__(self, upload: Upload, *, name: str, content_type: str | None) -> None:
        super().__init__(upload.path, name=name, content_type=content_type)
        self.upload = upload
