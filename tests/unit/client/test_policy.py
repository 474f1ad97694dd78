from __future__ import annotations

import pytest

from hipkit.client.policy import Policy


def test_options_of_a_wrong_type_are_refused() -> None:
    with pytest.raises(TypeError, match="timeout"):
        Policy(timeout=None)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(TypeError, match="retries"):
        Policy(retries=1.5)  # type: ignore[arg-type]  # the mistake that is tested


def test_a_policy_shows_that_it_has_no_deadline_but_not_its_headers() -> None:
    shown = repr(Policy(deadline=None, headers={"X-Key": "s3cret"}))
    assert "deadline=None" in shown
    assert "s3cret" not in shown
