"""Checks how many bytes the files of a group may take."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.errors import TooLargeError
from hipkit.server.storage.protocol import Stores

__all__ = ["check_quota"]


async def check_quota(context: Context, stores: Stores, size_bytes: int) -> None:
    """Check that a number of bytes more stays within the group's quota.

    Raises:
        TooLargeError: It does not.
    """
    quota = context.runtime.settings.file_quota_bytes
    if quota == 0:
        return
    used = await stores.groups.file_bytes(context.actor.group_id)
    if used + size_bytes > quota:
        raise TooLargeError(
            f"The group's files may take {quota} bytes, and {used} are taken:"
            f" {size_bytes} more do not fit"
        )
