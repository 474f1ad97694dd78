from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.cli.addon.loading import is_module_name
from tests.unit.cli.conftest import Hipkit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("karma:addon", True),
        ("bots.karma:addon", True),
        ("karma", False),
        ("karma:", False),
        ("karma.:addon", False),
        ("C:\\karma.json", False),
        ("karma:addon.json", False),
        ("../karma:addon", False),
    ],
)
def test_a_module_name_has_a_form(text: str, expected: bool) -> None:
    assert is_module_name(text) is expected


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "nothing_here:addon",
            "nothing_here cannot be imported: there is no such module in ",
        ),
        ("karma:addn", "karma has no AddOn named addn, did you mean addon?"),
        ("karma:zzz", "karma has no AddOn named zzz; it has addon"),
        ("json:addon", "json has no AddOn named addon."),
        ("broken_one:addon", "broken_one cannot be imported: ZeroDivisionError: "),
    ],
)
def test_what_cannot_be_loaded_is_an_error_that_says_why(
    hipkit: Hipkit, folder: Path, name: str, problem: str
) -> None:
    Path("broken_one.py").write_text("1 / 0\n")
    ended = hipkit("addon", "check", name)
    assert ended.code == 2
    assert problem in ended.err
    assert ended.out == ""
