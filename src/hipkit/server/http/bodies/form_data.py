"""Reads `multipart/form-data`, as browsers send forms with a file."""

from __future__ import annotations

import asyncio
import mmap
from dataclasses import dataclass, field

from hipkit.api.errors import BadRequestError
from hipkit.server.http.bodies.multipart import (
    MOST_PARTS,
    OVERHEAD_BYTES,
    Part,
    copy_file,
    mapped,
    read_boundary,
    split_parts,
    spooled,
    text_of,
)
from hipkit.server.http.requests import Request
from hipkit.server.services.errors import TooLargeError
from hipkit.server.services.files.uploads import ReceivedFile
from hipkit.server.settings import Settings
from hipkit.server.storage.blobs import BlobStore, Upload

__all__ = ["FORM_DATA", "FormData", "read_form_data"]

FORM_DATA = "multipart/form-data"

LARGEST_FIELD_BYTES = 192 * 1024
"""More than a message's longest text takes in UTF-8."""

CUT_OFF = "The form is cut off: its end is missing"


@dataclass(slots=True)
class FormData:
    """What a form holds: its fields, and the one file if there is one."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file: ReceivedFile | None = None


async def read_form_data(
    request: Request, blobs: BlobStore, settings: Settings
) -> FormData:
    """Read a form; the caller closes the file's upload.

    Raises:
        BadRequestError: It cannot be read, or holds more than one file.
        TooLargeError: The file or a field is larger than allowed.
    """
    boundary = read_boundary(request.headers["content-type"])
    largest_bytes = settings.largest_file_bytes + OVERHEAD_BYTES
    seconds = settings.file_seconds
    async with spooled(request, blobs, largest_bytes, seconds) as spool:
        if spool.size_bytes == 0:
            raise BadRequestError(CUT_OFF)
        return await asyncio.to_thread(_take_apart, spool, boundary, blobs, settings)


def _take_apart(
    spool: Upload, boundary: bytes, blobs: BlobStore, settings: Settings
) -> FormData:
    form = FormData()
    with mapped(spool) as data:
        # Only browsers send these, and they all write the end: without it the file may be a part.
        if not data[-len(boundary) - 8 :].rstrip().endswith(b"--%s--" % boundary):
            raise BadRequestError(CUT_OFF)
        try:
            for number, part in enumerate(split_parts(data, boundary)):
                if number >= MOST_PARTS:
                    raise BadRequestError(f"The form has more than {MOST_PARTS} fields")
                _take(form, data, part, blobs, settings.largest_file_bytes)
        except BaseException:
            if form.file is not None:
                form.file.upload.close()
            raise
    return form


def _take(
    form: FormData, data: mmap.mmap, part: Part, blobs: BlobStore, largest_bytes: int
) -> None:
    name = part.parameter("name")
    if not name:
        raise BadRequestError("A field of the form has no name")
    if not part.is_file:
        form.fields.setdefault(name, []).append(_read_text(data, part))
    elif part.start == part.end and not part.parameter("filename"):
        return  # How browsers send that no file was chosen.
    elif form.file is None:
        form.file = copy_file(data, part, blobs, largest_bytes)
    else:
        raise BadRequestError("The form holds more than one file")


def _read_text(data: mmap.mmap, part: Part) -> str:
    if part.end - part.start > LARGEST_FIELD_BYTES:
        raise TooLargeError("A field of the form is too large")
    try:
        text = text_of(data, part).decode()
    except UnicodeDecodeError:
        raise BadRequestError("The form cannot be decoded as UTF-8") from None
    if "\0" in text:
        raise BadRequestError("The form holds a NUL character")
    return text
