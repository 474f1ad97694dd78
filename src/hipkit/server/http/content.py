"""What a request holds besides path and query: a JSON object, a form, or a file with a message."""

from __future__ import annotations

from hipkit.api.operation import Operation
from hipkit.server.http.bodies import (
    FORM,
    JSON,
    compression_of,
    content_type_of,
    is_empty,
    read_body,
    read_members,
)
from hipkit.server.http.decoding import needs_body
from hipkit.server.http.requests import Request
from hipkit.server.http.uploads import Related, read_related
from hipkit.server.settings import Settings
from hipkit.server.storage.blobs import BlobStore

__all__ = ["read_content"]


async def read_content(
    kind: type[Operation[object]],
    request: Request,
    files: BlobStore,
    settings: Settings,
) -> Related:
    """Read what an operation takes besides its path and query; the caller closes the file's upload.

    Raises:
        BadRequestError: It is something else, or cannot be read.
        TooLargeError: It is larger than allowed.
        ClientGoneError: It will never be whole.
    """
    if kind.body_kind is None:
        return Related(members={}, file=None)
    if kind.body_kind == "related":
        related = await read_related(
            request,
            files,
            settings.largest_file_bytes,
            settings.file_seconds,
            strict=settings.strict,
        )
        if related.file is not None:
            related.members["file"] = related.file
        return related
    content_type = content_type_of(request)
    body = await read_body(request, settings.largest_body_bytes, settings.body_seconds)
    members: dict[str, object] = {}
    is_form = kind.body_kind == "form"
    if is_form:
        # Programs in use send these as a form, as JSON or in the query, and not all say which.
        members.update((name, values[-1]) for name, values in request.query.items())
        content_type = content_type or _guess(body)
    gives_nothing = not body or (is_empty(body) and not settings.strict)
    if not gives_nothing or (needs_body(kind) and not is_form):
        members.update(
            read_members(
                body,
                content_type,
                strict=settings.strict,
                compression=compression_of(request),
            )
        )
    return Related(members=members, file=None)


def _guess(body: bytes) -> str:
    return JSON if body.lstrip().startswith(b"{") else FORM
