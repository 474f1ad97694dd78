from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.representations.timestamps import (
    MessageTimestamp,
    Timestamp,
    UnixTimestamp,
    find_zone,
    to_json,
    to_us,
)

US = 1_473_409_382_932_694


def test_json_has_each_timestamp_as_hipchat_sent_it() -> None:
    sent = {
        "room": Timestamp.from_us(US),
        "message": MessageTimestamp.from_us(US),
        "user": UnixTimestamp.from_us(US),
    }

    assert json.loads(to_json(sent)) == {
        "room": "2016-09-09T08:23:02+00:00",
        "message": "2016-09-09T08:23:02.932694+00:00",
        "user": "1473409382",
    }


def test_a_timestamp_keeps_its_kind_in_another_time_zone() -> None:
    moved = MessageTimestamp.from_us(US).astimezone(timezone(timedelta(hours=2)))

    assert json.loads(to_json(moved)) == "2016-09-09T10:23:02.932694+02:00"


def test_microseconds_are_read_back_from_every_offset() -> None:
    assert to_us(Timestamp.from_us(US)) == US
    assert to_us(Timestamp.from_us(US).astimezone(timezone(timedelta(hours=-9)))) == US
    assert to_us(datetime(1970, 1, 1)) == 0  # noqa: DTZ001 - without an offset it is in UTC


def test_zones_are_those_of_the_tz_database() -> None:
    assert find_zone(None) is UTC
    assert find_zone("utc") is UTC
    assert str(find_zone("Europe/Berlin")) == "Europe/Berlin"
    for name in ("", "Mars/Olympus", "../etc/passwd", "a\0b"):
        with pytest.raises(InvalidValueError):
            find_zone(name)
