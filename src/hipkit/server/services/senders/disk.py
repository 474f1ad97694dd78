"""Bounds how much database and files may take, so that no program fills the disk."""

from __future__ import annotations

import logging

from hipkit.server.services.context import Context
from hipkit.server.services.errors import FullError
from hipkit.server.services.senders.policy import SenderPolicy

__all__ = ["check_disk"]

MEASURED_SECONDS = 1.0
"""How old a count of the bytes in use may be; what a second adds makes no difference."""

log = logging.getLogger("hipkit.server")


async def check_disk(context: Context) -> None:
    """Check that what is stored takes less than it may, before more is.

    Raises:
        FullError: It does not; the log says so.
    """
    policy = context.runtime.senders
    if policy is None or policy.settings.disk_bytes == 0:
        return
    most, used = policy.settings.disk_bytes, await _used_bytes(context, policy)
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


async def _used_bytes(context: Context, policy: SenderPolicy) -> int:
    runtime, now = context.runtime, context.runtime.elapsed()
    if policy.measured is not None and now - policy.measured[0] < MEASURED_SECONDS:
        return policy.measured[1]
    files = await context.stores.groups.file_bytes(context.actor.group_id)
    used = await runtime.database.used_bytes() + files
    policy.measured = now, used
    return used
