"""Who a message mentions, as it is stored (values)."""

from __future__ import annotations

import msgspec

__all__ = ["Mentions", "read_mentions"]


class Mentions(msgspec.Struct, frozen=True, omit_defaults=True):
    """The users and groups of users that a message mentions."""

    users: tuple[int, ...] = ()
    everybody: tuple[str, ...] = ()
    """`all` and `here`."""


def read_mentions(stored: str) -> Mentions:
    """Return what a message's column of mentions says."""
    return NOBODY if stored == "{}" else msgspec.json.decode(stored, type=Mentions)


NOBODY = Mentions()
