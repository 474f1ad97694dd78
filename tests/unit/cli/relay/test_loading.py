from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.cli.relay.loading import describe_route
from hipkit.relay.routes.route import Route
from tests.unit.cli.conftest import Hipkit
from tests.unit.relay.fake_target import FakeSettings, FakeTarget

SECRET = "https://chat.example.com/hooks/s3cret"
BROKEN = f"""\
[[route]]
name = "ops"
to = "{SECRET}"
[[rout]]
"""


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "relay.toml"
    path.write_text(BROKEN)
    return str(path)


@pytest.mark.parametrize(
    "command",
    [
        ["relay"],
        ["relay", "run"],
        ["relay", "check"],
        ["relay", "try", "ops", "hello", "--file"],
        ["serve", "--relay"],
    ],
    ids=" ".join,
)
def test_each_problem_of_a_file_is_a_line_before_anything_is_created(
    hipkit: Hipkit,
    tmp_path: Path,
    broken: str,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    done = hipkit(*command, broken)

    lines = done.err.splitlines()
    assert done.code == 2
    assert [line.split(": ")[1] for line in lines] == [f"{broken}:3", f"{broken}:4"]
    assert lines[1].endswith("There are keep_days, public_url, senders, route")
    assert "s3cret" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["relay.toml"]


def test_problems_are_objects_for_programs(hipkit: Hipkit, broken: str) -> None:
    done = hipkit("relay", "check", broken, "--json")

    problems = done.error["problems"]
    assert isinstance(problems, list)
    assert [problem["line"] for problem in problems] == [3, 4]
    assert problems[1]["place"] == "rout"


@pytest.mark.parametrize(
    ("rooms", "private", "shown"),
    [
        (("*",), False, "route ops: all rooms to fake at chat.example.com"),
        (("A", "B *"), False, "route ops: A, B * to fake at chat.example.com"),
        (("*",), True, "route ops: all rooms, private messages to fake"),
        ((), True, "route ops: private messages to fake"),
    ],
)
def test_a_route_is_a_line(rooms: tuple[str, ...], private: bool, shown: str) -> None:
    route = Route(
        name="ops",
        rooms=rooms,
        private=private,
        target=FakeTarget(),
        settings=FakeSettings(),
    )
    assert describe_route(route).startswith(shown)
