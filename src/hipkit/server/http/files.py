"""Serves shared files and pictures, at addresses that nobody can guess.

An address is all that is needed to read a file: HipChat's worked like that, and old programs
fetch them without a token. The headers forbid browsers to run anything of it.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from hipkit.api.errors import NotFoundError
from hipkit.server.http.requests import Request
from hipkit.server.http.responses import NO_SNIFFING, Answer, header
from hipkit.server.http.routes import MethodNotAllowedError
from hipkit.server.services.context import Runtime
from hipkit.server.services.files.links import DOWNLOAD, find_linked_key
from hipkit.server.services.files.pictures import PICTURE_TYPES

__all__ = ["FILE_METHODS", "file_answer", "is_file_path", "key_answer"]

FILE_METHODS = ("GET", "HEAD")

PATH = re.compile(rb"/(?:files|pictures)/([A-Za-z0-9_-]{20,64})(?:/[^/]*)?")

TEMPORARY = re.compile(rb"/files/temporary/([0-9a-f-]{36})(?:/[^/]*)?")
"""Of a message's file; the query holds its end and a signature."""

FOREVER = "private, max-age=31536000, immutable"
SANDBOX = header("Content-Security-Policy", "default-src 'none'; sandbox")

ACTIVE = re.compile(r"html|xml|script|svg|flash|xsl|css", re.IGNORECASE)
"""Media types that a page could run or be styled by: they go out as plain bytes."""


def is_file_path(path: bytes) -> bool:
    """Return whether a path is a file's or a picture's."""
    return path.startswith((b"/files/", b"/pictures/"))


async def file_answer(runtime: Runtime, request: Request) -> Answer:
    """Return the answer that has a file's bytes.

    Raises:
        NotFoundError: No file has this address.
        MethodNotAllowedError: The method is another one than `FILE_METHODS`.
    """
    if request.method not in FILE_METHODS:
        raise MethodNotAllowedError(FILE_METHODS)
    key = await _find_key(runtime, request)
    return await key_answer(
        runtime,
        key,
        is_download=DOWNLOAD in request.query,
        is_temporary=TEMPORARY.fullmatch(request.path) is not None,
    )


async def key_answer(
    runtime: Runtime,
    key: str | None,
    *,
    is_download: bool = False,
    is_temporary: bool,
) -> Answer:
    """Return the answer that has the bytes of a key's file.

    Args:
        runtime: The server's.
        key: The file's; `None` for none.
        is_download: Whether browsers save a picture too, instead of showing it.
        is_temporary: Whether its address ends, so that nobody may store what it leads to.

    Raises:
        NotFoundError: There is no such file.
    """
    record = None if key is None else await runtime.stores.files.by_key(key)
    path = None if record is None else runtime.blobs.find(record.key)
    if record is None or path is None:
        raise NotFoundError("File not found")
    is_shown = record.content_type in PICTURE_TYPES and not is_download
    content_type = record.content_type
    if ACTIVE.search(content_type):
        content_type = "application/octet-stream"
    disposition = "inline" if is_shown else "attachment"
    name = quote(record.name, safe="")
    return Answer(
        200,
        [
            header("Content-Type", content_type),
            header("Content-Disposition", f"{disposition}; filename*=UTF-8''{name}"),
            SANDBOX,
            NO_SNIFFING,
            header("Cache-Control", "no-store" if is_temporary else FOREVER),
        ],
        file=path,
    )


async def _find_key(runtime: Runtime, request: Request) -> str | None:
    """Return the key of the file that an address leads to, if it leads to one."""
    match = PATH.fullmatch(request.path)
    if match is not None:
        return match[1].decode()
    match = TEMPORARY.fullmatch(request.path)
    if match is None:
        return None
    return await find_linked_key(
        runtime.stores, match[1].decode(), request.query, runtime.now_us()
    )
