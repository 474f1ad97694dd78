"""Reads `multipart/related`, as calls of the API send files.

The part with the message may be missing, and the part's type may be empty.
"""

from __future__ import annotations

import asyncio
import mmap

from hipkit.api.errors import BadRequestError
from hipkit.server.http.bodies.multipart import (
    OVERHEAD_BYTES,
    Part,
    copy_file,
    mapped,
    read_boundary,
    split_parts,
    spooled,
    text_of,
)
from hipkit.server.http.bodies.reading import (
    JSON,
    content_type_error,
    content_type_of,
    is_empty,
    read_members,
)
from hipkit.server.http.requests import Request
from hipkit.server.services.errors import TooLargeError
from hipkit.server.services.files.uploads import ReceivedFile
from hipkit.server.settings import Settings
from hipkit.server.storage.blobs import BlobStore, Upload

__all__ = ["read_related"]

BASE64_GROWTH = 4 / 3
LARGEST_METADATA_BYTES = 64 * 1024

Related = tuple[dict[str, object], ReceivedFile | None]
"""The members of the part with JSON, and the file."""


async def read_related(
    request: Request, blobs: BlobStore, settings: Settings
) -> Related:
    """Read a body with a file; the caller closes the file's upload.

    Raises:
        BadRequestError: It is something else, or cannot be read.
        TooLargeError: The file is larger than allowed.
    """
    content_type = content_type_of(request)
    if content_type != "multipart/related":
        raise content_type_error(content_type)
    boundary = read_boundary(request.headers["content-type"])
    largest_bytes = (
        int(settings.largest_file_bytes * BASE64_GROWTH * 1.05) + OVERHEAD_BYTES
    )
    seconds = settings.file_seconds
    async with spooled(request, blobs, largest_bytes, seconds) as spool:
        if spool.size_bytes == 0:
            return {}, None
        return await asyncio.to_thread(_take_apart, spool, boundary, blobs, settings)


def _take_apart(
    spool: Upload, boundary: bytes, blobs: BlobStore, settings: Settings
) -> Related:
    members: dict[str, object] = {}
    file = None
    with mapped(spool) as data:
        try:
            for part in split_parts(data, boundary):
                name, is_json = part.parameter("name"), part.content_type == JSON
                is_metadata = name == "metadata" or (
                    is_json and name != "file" and file is None and not members
                )
                if is_metadata:
                    members = _read_metadata(data, part, strict=settings.strict)
                elif file is None:
                    file = copy_file(data, part, blobs, settings.largest_file_bytes)
                else:
                    raise BadRequestError("The body holds more than one file")
        except BaseException:
            if file is not None:
                file.upload.close()
            raise
    return members, file


def _read_metadata(data: mmap.mmap, part: Part, *, strict: bool) -> dict[str, object]:
    if part.end - part.start > LARGEST_METADATA_BYTES:
        raise TooLargeError("The part with the message is too large")
    text = text_of(data, part)
    if not text.strip() or (is_empty(text) and not strict):
        return {}
    return read_members(text, JSON, strict=strict, part="metadata")
