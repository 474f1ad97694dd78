"""The pytest fixture `hipchat`. pytest loads this in every run, so it imports nothing else.

The fixture is a `hipkit.testing.HipChatServer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hipkit.testing import HipChatServer

__all__ = ["hipchat"]


@pytest.fixture
def hipchat() -> Iterator[HipChatServer]:
    """Yield a fresh HipChat server, in memory."""
    from hipkit.testing import HipChatServer

    with HipChatServer() as server:
        yield server
