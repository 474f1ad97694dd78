from __future__ import annotations

import pytest

from hipkit.descriptors.checks.repeated import find_repeated_members


def places(body: bytes) -> list[str]:
    return [each.fault().place for each in find_repeated_members(body)]


def test_a_member_that_is_written_twice_is_found_with_its_place() -> None:
    body = b'{"a": [{"b": 1, "c": 2, "b": 3}], "d": 1, "d": 2, "d": 3}'
    assert sorted(places(body)) == ["a[0].b", "d"]
    assert places(b'{"a": {"a": 1}}') == []


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"a": ' + b"1" * 5_000 + b"}"])
def test_what_cannot_be_read_here_is_passed_over(body: bytes) -> None:
    assert places(body) == []
