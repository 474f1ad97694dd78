"""`hipkit relay`: a file or a command comes first."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Hipkit


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["--help"], "hipkit relay [OPTIONS]"),
        ([], "hipkit relay [OPTIONS]"),
        (["check", "--help"], "hipkit relay check [OPTIONS] FILE"),
        (["--json", "check", "--help"], "hipkit relay check [OPTIONS] FILE"),
        (["try", "--help"], "hipkit relay try [OPTIONS] ROUTE TEXT"),
    ],
    ids=" ".join,
)
def test_a_command_may_be_left_out_before_a_file(
    hipkit: Hipkit, arguments: list[str], usage: str
) -> None:
    done = hipkit("relay", *arguments)
    assert f"Usage: {usage}" in done.out + done.err
