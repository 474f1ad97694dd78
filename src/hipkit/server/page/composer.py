"""Reads what the composer posts: a text, a file, or a file with a text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from hipkit.server.http.bodies.form_data import FORM_DATA, read_form_data
from hipkit.server.http.bodies.reading import content_type_of
from hipkit.server.page.formatting import format_size
from hipkit.server.page.visit import Visit
from hipkit.server.services.errors import TooLargeError
from hipkit.server.services.files.quota import check_quota
from hipkit.server.services.files.uploads import ReceivedFile
from hipkit.server.services.messages.posting import LONGEST_MESSAGE

__all__ = ["Post", "read_post"]


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody wants to post: `text` may be empty, and `file` may be left out."""

    text: str
    file: ReceivedFile | None = None


@contextlib.asynccontextmanager
async def read_post(visit: Visit) -> AsyncIterator[Post]:
    """Yield what a form of the composer holds; a file that was not stored is removed afterwards.

    Call it after the check that its sender may post there: others must not fill the disk.

    Raises:
        BadRequestError: The form cannot be read.
        TooLargeError: The file is larger than allowed, or the group's quota is used up.
    """
    if content_type_of(visit.request) != FORM_DATA:
        yield Post(_text(visit.field("message")))
        return
    context = visit.context
    await check_quota(context, context.stores, 1)
    blobs, settings = context.runtime.blobs, context.runtime.settings
    try:
        form = await read_form_data(visit.request, blobs, settings)
    except TooLargeError as error:
        most = format_size(settings.largest_file_bytes)
        raise TooLargeError(
            f"This is too large: a file may have {most}, a message"
            f" {LONGEST_MESSAGE:,} characters"
        ) from error
    try:
        yield Post(_text(form.fields.get("message", [""])[-1]), form.file)
    finally:
        if form.file is not None:
            await asyncio.to_thread(form.file.upload.close)


def _text(typed: str) -> str:
    return typed.replace("\r\n", "\n").strip()
