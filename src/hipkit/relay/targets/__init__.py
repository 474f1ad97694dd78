"""The targets: one pure module for each, from a message and settings to one request.

Read next: `protocol.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hipkit.relay.targets.protocol import Target

__all__ = ["TARGETS"]

TARGETS: Mapping[str, Target[Any]] = {}
"""The targets by the names that `to` has in the file."""
