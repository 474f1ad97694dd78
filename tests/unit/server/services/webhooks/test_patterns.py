from __future__ import annotations

import pytest

from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.webhooks.patterns import check_pattern


def test_a_pattern_that_cannot_be_used_is_an_invalid_value() -> None:
    check_pattern("^/karma")
    with pytest.raises(InvalidValueError, match="too often"):
        check_pattern("x{20000}")
    with pytest.raises(InvalidValueError, match="not a regular expression"):
        check_pattern("(")
