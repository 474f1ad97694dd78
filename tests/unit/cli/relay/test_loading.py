from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.api.secret import Secret
from hipkit.cli.relay.loading import describe_route, describe_senders
from hipkit.relay.routes.route import Route
from hipkit.server.senders import SenderSettings, SenderToken
from tests.unit.cli.conftest import Hipkit
from tests.unit.relay.fake_target import FakeSettings, FakeTarget

LISTED = (SenderToken(token=Secret("s3cret"), name="Jenkins"),)
NETWORKS = ("10.0.0.0/8", "::1/128")
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
    assert lines[1].endswith("Keys here are keep_days, public_url, senders, route")
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


@pytest.mark.parametrize(
    ("senders", "line"),
    [
        (SenderSettings(), "any token from this machine"),
        (
            SenderSettings(accept=NETWORKS),
            "any token from this machine and 10.0.0.0/8, ::1/128",
        ),
        (
            SenderSettings(token=LISTED),
            "any token from this machine; listed tokens (1) from anywhere",
        ),
        (
            SenderSettings(token=LISTED, any_token=False, accept=NETWORKS),
            "listed tokens (1) from this machine and 10.0.0.0/8, ::1/128",
        ),
        (SenderSettings(any_token=False), "only tokens of hipkit admin token add"),
    ],
)
def test_who_may_send_is_a_line(senders: SenderSettings, line: str) -> None:
    assert describe_senders(senders) == f"senders: {line}"
