"""Handlers: the way to shared files for who needs a token."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.files import shared as shared_files
from hipkit.server.services.registry import handles
from hipkit.v2.files import GetFile
from hipkit.v2.models import FileUrls

__all__ = ["get_file"]


@handles(GetFile)
async def get_file(context: Context, request: GetFile) -> FileUrls:
    """Lead to a file; there are no smaller pictures of it, so `thumbnail` changes nothing."""
    return await shared_files.get_file(context, request.file_id)
