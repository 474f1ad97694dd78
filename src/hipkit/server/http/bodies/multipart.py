"""Takes `multipart` bodies apart, on disk, in every way that clients in use write them.

Line ends may be bare, a part may be base64 or quoted-printable, and the closing boundary may be
missing. Read next: `uploads.py`, for calls of the API, and `form_data.py`, for the page's forms.
"""

from __future__ import annotations

import asyncio
import binascii
import contextlib
import mmap
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

from hipkit.api.errors import BadRequestError
from hipkit.server.http.bodies.reading import chunks_of, compression_error
from hipkit.server.http.header_values import decode_words, parse_parameters
from hipkit.server.http.requests import Request
from hipkit.server.services.errors import TooLargeError
from hipkit.server.services.files.pictures import PICTURE_TYPES, is_too_large_to_show
from hipkit.server.services.files.uploads import ReceivedFile
from hipkit.server.storage.blobs import BlobStore, Upload

__all__ = [
    "MOST_PARTS",
    "OVERHEAD_BYTES",
    "Part",
    "copy_file",
    "mapped",
    "read_boundary",
    "read_part_headers",
    "split_parts",
    "spooled",
    "text_of",
]

LARGEST_PART_HEADER_BYTES = 8 * 1024
LONGEST_BOUNDARY = 200
LONGEST_CONTENT_TYPE = 2_000
LONGEST_NAME = 255
MOST_PARTS = 10
"""How many parts are read; one more is yielded, so that callers may refuse the body."""
CHUNK_BYTES = 256 * 1024
OVERHEAD_BYTES = 256 * 1024
"""What boundaries, headers and texts may take beside the file."""

PLAIN_BYTES = "application/octet-stream"

NOT_BASE64 = "A part of the body is not the base64 that its header says"

FOLD = re.compile(rb"\r?\n[ \t]+")
PLAIN_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a body: its headers, and where its content stands."""

    headers: Mapping[str, str]
    """Names in lower case."""
    start: int
    end: int

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_file(self) -> bool:
        """Whether a form has a file here, which may be without a name."""
        disposition = self.headers.get("content-disposition", "")
        return "filename" in parse_parameters(disposition)

    def parameter(self, name: str, header: str = "content-disposition") -> str:
        """Return a parameter of a header, empty if there is none."""
        return parse_parameters(self.headers.get(header, "")).get(name, "")


@contextlib.asynccontextmanager
async def spooled(
    request: Request, blobs: BlobStore, largest_bytes: int, seconds: float
) -> AsyncIterator[Upload]:
    """Write a body to disk as it comes, so that a large one needs little memory.

    Raises:
        BadRequestError: It is compressed.
        TooLargeError: It is larger than allowed.
    """
    error = compression_error(request.headers)
    if error is not None:
        raise error
    spool = blobs.upload()
    try:
        async for chunk in chunks_of(request, largest_bytes, seconds):
            spool.write(chunk)
        spool.flush()
        yield spool
    finally:
        await asyncio.to_thread(spool.close)


@contextlib.contextmanager
def mapped(upload: Upload) -> Iterator[mmap.mmap]:
    """Map the bytes of an upload, which has some, into memory."""
    with (
        upload.path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield data


def read_boundary(content_type: str) -> bytes:
    """Return the boundary that a content type names.

    Raises:
        BadRequestError: It names none, or one that is too long.
    """
    if len(content_type) > LONGEST_CONTENT_TYPE:
        raise BadRequestError("The content type is too long")
    boundary = parse_parameters(content_type).get("boundary", "")
    if not 0 < len(boundary) <= LONGEST_BOUNDARY:
        kind = content_type.partition(";")[0].strip()
        raise BadRequestError(f"The content type {kind} needs a boundary")
    return boundary.encode("latin-1", "replace")


def split_parts(data: mmap.mmap, boundary: bytes) -> Iterator[Part]:
    """Yield the parts of a body.

    Raises:
        BadRequestError: It holds none, or one without an end of its headers.
    """
    line = re.compile(
        rb"(?:\A|(?<=\n))--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)"
    )
    begins: int | None = None
    count = 0
    for match in line.finditer(data):
        if begins is not None:
            yield _part(data, begins, match.start(), has_boundary=True)
            count += 1
        if match.group(1) or count > MOST_PARTS:
            begins = None
            break
        begins = match.end()
    if count == 0 and begins is None:
        raise BadRequestError("The body holds no part with the boundary of its header")
    if begins is not None and begins < len(data):
        yield _part(data, begins, len(data), has_boundary=False)


def _part(data: mmap.mmap, start: int, end: int, *, has_boundary: bool) -> Part:
    blank = re.compile(rb"(?:\A|(?<=\n))(\r?\n)").search(
        data[start : min(end, start + LARGEST_PART_HEADER_BYTES)]
    )
    if blank is None:
        raise BadRequestError("A part of the body has no end of its headers")
    headers = read_part_headers(data[start : start + blank.start()])
    line_end = blank.group(1)
    if has_boundary and data[max(start, end - len(line_end)) : end] == line_end:
        end -= len(line_end)
    elif has_boundary and data[end - 1 : end] == b"\n":
        end -= 1
    begins = start + blank.end()
    return Part(headers=headers, start=begins, end=max(begins, end))


def read_part_headers(text: bytes) -> dict[str, str]:
    """Read a part's headers, folded lines included; of two with one name the first counts."""
    headers: dict[str, str] = {}
    for line in FOLD.sub(b" ", text).splitlines():
        name, colon, value = line.partition(b":")
        if colon and name.strip() and name.isascii():
            try:
                shown = value.strip().decode()
            except UnicodeDecodeError:
                shown = value.strip().decode("latin-1")
            headers.setdefault(name.strip().lower().decode(), shown)
    return headers


def copy_file(
    data: mmap.mmap, part: Part, blobs: BlobStore, largest_bytes: int
) -> ReceivedFile:
    """Copy a part to an upload of its own, which the caller closes.

    Raises:
        BadRequestError: It is not in the encoding that its header says.
        TooLargeError: It is larger than allowed.
    """
    name = _file_name(part)
    upload = blobs.upload()
    try:
        for chunk in _content(data, part):
            if upload.size_bytes + len(chunk) > largest_bytes:
                raise TooLargeError(f"The file is larger than {largest_bytes} bytes")
            upload.write(chunk)
        upload.flush()
    except BaseException:
        upload.close()
        raise
    is_plain = PLAIN_TYPE.fullmatch(part.content_type) is not None
    content_type = part.content_type if is_plain else None
    file = ReceivedFile(upload, name=name, content_type=content_type)
    if file.content_type in PICTURE_TYPES and _is_too_large_to_show(upload):
        # It is stored, as any file is, but readers' browsers must not open it unasked.
        file.content_type = PLAIN_BYTES
    return file


def _is_too_large_to_show(upload: Upload) -> bool:
    if upload.size_bytes == 0:
        return False
    with mapped(upload) as data:
        return is_too_large_to_show(data)


def text_of(data: mmap.mmap, part: Part) -> bytes:
    """Return the content of a short part; in an unknown encoding, as it stands."""
    text = data[part.start : part.end]
    decode = DECODERS.get(_encoding(part))
    return text if decode is None else b"".join(decode(iter([text])))


def _content(data: mmap.mmap, part: Part) -> Iterator[bytes]:
    encoding = _encoding(part)
    pieces = (
        data[place : min(place + CHUNK_BYTES, part.end)]
        for place in range(part.start, part.end, CHUNK_BYTES)
    )
    if encoding in ("", "binary", "7bit", "8bit"):
        return pieces
    if encoding not in DECODERS:
        raise BadRequestError(f"Unknown transfer encoding: {encoding}")
    return DECODERS[encoding](pieces)


def _decode_base64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    left = b""
    is_over = False
    try:
        for piece in pieces:
            left += b"".join(piece.split())
            whole = len(left) // 4 * 4
            if is_over and left:
                raise BadRequestError(NOT_BASE64)
            is_over = left[:whole].endswith(b"=")
            # Without this mode bytes that are not base64 would be dropped silently.
            yield binascii.a2b_base64(left[:whole], strict_mode=True)
            left = left[whole:]
        if is_over and left:
            raise BadRequestError(NOT_BASE64)
        yield binascii.a2b_base64(left + b"=" * (-len(left) % 4), strict_mode=True)
    except binascii.Error as error:
        raise BadRequestError(NOT_BASE64) from error


def _decode_quoted(pieces: Iterator[bytes]) -> Iterator[bytes]:
    left = b""
    for piece in pieces:
        left += piece
        # A coded byte or a line end that is none, `=\r\n`, may go on in the next piece.
        begins = left.rfind(b"=", -3)
        whole = len(left) if begins < 0 else begins
        yield binascii.a2b_qp(left[:whole])
        left = left[whole:]
    yield binascii.a2b_qp(left)


DECODERS = {"base64": _decode_base64, "quoted-printable": _decode_quoted}


def _encoding(part: Part) -> str:
    return part.headers.get("content-transfer-encoding", "").strip().lower()


def _file_name(part: Part) -> str:
    """Return the last part of the name, without characters that harm terminals or paths."""
    # Libraries for mail name the file in the content type, as was the rule once.
    given = part.parameter("filename") or part.parameter("name", "content-type")
    name = decode_words(given).replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable()).strip()
    return name[-LONGEST_NAME:] if name.strip(".") else "file"
