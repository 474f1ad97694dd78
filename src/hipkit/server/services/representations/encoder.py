"""Writes JSON as HipChat wrote it."""

from __future__ import annotations

import msgspec

from hipkit.server.services.representations.timestamps import Timestamp

__all__ = ["to_json"]


def to_json(value: object) -> bytes:
    """Return a value as JSON, its moments in HipChat's form."""
    return ENCODER.encode(value)


def _encode(value: object) -> object:
    if isinstance(value, Timestamp):
        return value.wire()
    raise TypeError(f"cannot be sent: {type(value).__name__}")


ENCODER = msgspec.json.Encoder(enc_hook=_encode)
