"""Generated tokens, ids and keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from hipkit.server.services.access.keys import (
    new_client_id,
    new_key,
    new_password,
    new_token,
    new_version,
)


@pytest.mark.parametrize(
    ("generate", "pattern"),
    [
        (new_token, r"[A-Za-z0-9]{40}"),
        (new_password, r"[A-Za-z0-9]{16}"),
        (new_key, r"[A-Za-z0-9_-]{32}"),
        (new_version, r"[A-Z0-9]{8}"),
        (new_client_id, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ],
)
def test_what_is_generated_has_its_form_and_never_repeats(
    generate: Callable[[], str], pattern: str
) -> None:
    values = {generate() for _ in range(100)}

    assert len(values) == 100
    assert all(re.fullmatch(pattern, value) for value in values)
