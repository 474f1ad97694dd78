"""What a request holds besides path and query: a JSON object, a form, or a file with a message."""

from __future__ import annotations

from hipkit.operation import Operation
from hipkit.server.http.bodies import content_type_of, read_body, read_members
from hipkit.server.http.decoding import needs_body
from hipkit.server.http.requests import Request
from hipkit.server.http.uploads import Related, read_related
from hipkit.server.settings import Settings
from hipkit.server.storage.folder import FileFolder

__all__ = ["read_content"]


async def read_content(
    kind: type[Operation[object]],
    request: Request,
    files: FileFolder,
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
        )
        if related.file is not None:
            related.members["file"] = related.file
        return related
    content_type = content_type_of(request)
    body = await read_body(request, settings.largest_body_bytes, settings.body_seconds)
    if kind.body_kind == "form":
        # Programs in use send these as a form, as JSON or in the query, and not all say which.
        members: dict[str, object] = {
            name: values[-1] for name, values in request.query.items()
        }
        if body:
            members.update(read_members(body, content_type or _guess(body)))
        return Related(members=members, file=None)
    if not body and (content_type is not None or not needs_body(kind)):
        return Related(members={}, file=None)
    return Related(members=read_members(body, content_type), file=None)


def _guess(body: bytes) -> str:
    is_json = body.lstrip().startswith(b"{")
    return "application/json" if is_json else "application/x-www-form-urlencoded"
