"""Bounds how much database and files may take, so that no program fills the disk."""

from __future__ import annotations

import logging

from hipkit.server.services.context import Context
from hipkit.server.services.errors import FullError

__all__ = ["check_disk"]

log = logging.getLogger("hipkit.server")


async def check_disk(context: Context) -> None:
    """Check that what is stored takes less than it may, before more is.

    Raises:
        FullError: It does not; the log says so.
    """
    policy = context.runtime.senders
    if policy is None or policy.settings.disk_bytes == 0:
        return
    most = policy.settings.disk_bytes
    files = await context.stores.groups.file_bytes(context.actor.group_id)
    used = await context.runtime.database.used_bytes() + files
    if used < most:
        return
    log.warning(
        "messages are refused: database and files take %d bytes, and may take %d",
        used,
        most,
    )
    raise FullError(
        f"This server is full: its messages and files may take {most} bytes. Raise"
        " disk_bytes in [senders], or keep messages for fewer days (keep_days)"
    )
