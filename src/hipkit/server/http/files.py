"""Gives out shared files and pictures, under addresses that nobody can guess.

Whoever has an address can read the file: that is how HipChat's worked, and old programs fetch
them without a token. A browser is told to run nothing of it.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from hipkit.errors import NotFoundError
from hipkit.server.http.answers import Answer
from hipkit.server.http.requests import Request
from hipkit.server.http.routes import MethodNotAllowedError
from hipkit.server.services.pictures import PICTURE_TYPES
from hipkit.server.storage.database import Stores
from hipkit.server.storage.folder import FileFolder

__all__ = ["FILE_METHODS", "file_answer", "is_file_path"]

FILE_METHODS = ("GET", "HEAD")

PATH = re.compile(rb"/(?:files|pictures)/([A-Za-z0-9_-]{20,64})(?:/[^/]*)?")

ACTIVE = re.compile(r"html|xml|script|svg|flash|xsl|css", re.IGNORECASE)
"""Media types that a page could run or be styled by: they go out as plain bytes."""


def is_file_path(path: bytes) -> bool:
    """Say whether a path is a file's or a picture's."""
    return path.startswith((b"/files/", b"/pictures/"))


async def file_answer(stores: Stores, folder: FileFolder, request: Request) -> Answer:
    """Return the answer that has a file's bytes.

    Raises:
        NotFoundError: There is none at this address.
        MethodNotAllowedError: It was not asked for, but something else.
    """
    if request.method not in FILE_METHODS:
        raise MethodNotAllowedError(FILE_METHODS)
    match = PATH.fullmatch(request.path)
    record = await stores.files.by_key(match.group(1).decode()) if match else None
    path = None if record is None else folder.find(record.key)
    if record is None or path is None:
        raise NotFoundError("File not found")
    is_picture = record.content_type in PICTURE_TYPES
    content_type = record.content_type
    if ACTIVE.search(content_type):
        content_type = "application/octet-stream"
    disposition = "inline" if is_picture else "attachment"
    name = quote(record.name, safe="")
    return Answer(
        200,
        [
            ("Content-Type", content_type),
            ("Content-Disposition", f"{disposition}; filename*=UTF-8''{name}"),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "private, max-age=31536000, immutable"),
        ],
        file=path,
    )
