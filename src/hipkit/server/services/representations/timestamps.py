"""Timestamps: numbers in storage, datetimes in models, and the texts that HipChat sent as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from operator import methodcaller
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from hipkit.server.services.errors import InvalidValueError
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = [
    "EARLIEST_US",
    "LATEST_US",
    "MICROSECOND",
    "SECOND_US",
    "MessageTimestamp",
    "Timestamp",
    "UnixTimestamp",
    "find_zone",
    "to_json",
    "to_us",
]

MICROSECOND = timedelta(microseconds=1)

LATEST_US = 1 << 62
"""Later than every timestamp that a database can hold."""
EARLIEST_US = -LATEST_US
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timestamp(datetime):
    """A timestamp of a room or user: `2016-09-09T08:23:02+00:00`.

    A class of its own because plain datetimes end in `Z`, which HipChat never sent and old
    programs do not read.
    """

    @classmethod
    def from_us(cls, us: int) -> Self:
        """Create a timestamp from microseconds since 1970."""
        return cls(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)

    def wire(self) -> str:
        """Return the text that is sent."""
        return self.isoformat(timespec="seconds")


class MessageTimestamp(Timestamp):
    """A timestamp of a message: `2016-09-09T08:23:02.932694+00:00`."""

    def wire(self) -> str:
        """Return the text that is sent."""
        return self.isoformat(timespec="microseconds")


class UnixTimestamp(Timestamp):
    """A timestamp as `user.last_active` has it: UNIX seconds as text."""

    def wire(self) -> str:
        """Return the text that is sent."""
        return str(int(self.timestamp()))


# msgspec writes a datetime itself, but hands a subclass of it to the hook: here always one of
# the three above.
ENCODER = msgspec.json.Encoder(enc_hook=methodcaller("wire"))

to_json = ENCODER.encode
"""Return a value as JSON, its timestamps as HipChat sent them."""


def to_us(timestamp: datetime) -> int:
    """Return microseconds since 1970; a timestamp without offset is in UTC."""
    if timestamp.tzinfo is None:
        timestamp = timestamp.replace(tzinfo=UTC)
    return (timestamp - EPOCH) // MICROSECOND


def find_zone(name: str | None) -> tzinfo:
    """Return a time zone by its name in the tz database.

    Raises:
        InvalidValueError: There is no such zone.
    """
    if name is None or name.upper() == "UTC":
        # Without the database, which small machines lack.
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidValueError(
            "timezone", "enum", "is not a time zone of the tz database", name
        ) from error
