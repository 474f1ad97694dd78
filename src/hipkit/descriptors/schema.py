"""HipChat's JSON Schema of descriptors, in draft 4."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

__all__ = ["descriptor_schema"]


@cache
def descriptor_schema() -> dict[str, object]:
    """Return the JSON Schema that a server publishes and compares descriptors with.

    Every call returns the same object; do not change it.

    Source: HipChat's schema of July 2017, in our own words.
    """
    text = (files("hipkit.descriptors") / "schema.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, object])
