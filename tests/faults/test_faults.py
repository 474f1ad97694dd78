"""The scripts of this folder, with few rounds: docs/explanation/reliability.md has the figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults import (
    file_names,
    full_disk,
    hostile,
    kill,
    kill_addon,
    kill_relay,
    kill_relay_chats,
    locked,
    read_only,
    sync,
)
from tests.faults.serving import HIPKIT, serving

CONNECTIONS = 200
NO_MOUNTS = "this machine lets nobody mount a file system of their own"


def need(is_there: bool, what: str) -> None:
    """Skip, by name, what this machine does not allow."""
    if not is_there:
        pytest.skip(what)


def test_what_was_promised_survives_kills(tmp_path: Path) -> None:
    outcome = kill.run(tmp_path, rounds=6)

    assert (outcome.from_outside, outcome.inside) == (3, 3)
    assert outcome.promised
    assert outcome.received


@pytest.mark.parametrize("processes", [1, 2])
def test_every_event_is_handled_in_order_whoever_is_killed(
    tmp_path: Path, processes: int
) -> None:
    outcome = kill_addon.run(
        tmp_path, messages=500, rooms=20, kills=3, processes=processes, haste=5
    )

    assert outcome.kills.total() == 3
    assert max(outcome.waiting) > 0
    assert outcome.repeats > 0


def test_every_notification_is_relayed_once_and_in_order_whatever_is_killed(
    tmp_path: Path,
) -> None:
    outcome = kill_relay.run(tmp_path, messages=600, kills=3, haste=5)

    assert outcome.kills == 3
    assert outcome.promised


@pytest.mark.parametrize("target", kill_relay_chats.TARGETS)
def test_what_the_relay_took_arrives_in_order_whenever_it_is_killed(
    tmp_path: Path, target: kill_relay_chats.TargetName
) -> None:
    outcome = kill_relay_chats.run(tmp_path, target, messages=500, kills=5)

    assert outcome.kills == 5
    assert len(outcome.promised) == 500


def test_each_commit_is_on_disk_before_its_answer(tmp_path: Path) -> None:
    need(shutil.which("strace") is not None, "no strace: apt install strace")
    need(sync.can_trace(), "this machine lets strace not look on")

    assert sync.run(tmp_path, rounds=30) == 30


def test_a_full_disk_is_reported_and_passes() -> None:
    need(full_disk.can_mount(), NO_MOUNTS)

    full_disk.run()


def test_a_locked_database_is_reported_and_passes(tmp_path: Path) -> None:
    locked.run(tmp_path)


def test_a_read_only_disk_is_reported_and_passes() -> None:
    need(read_only.can_mount(), NO_MOUNTS)

    read_only.run()


@pytest.mark.parametrize("case", hostile.CASES)
def test_hostile_clients_leave_the_server_to_others(tmp_path: Path, case: str) -> None:
    hostile.run(tmp_path, case, connections=CONNECTIONS)


def test_names_of_files_lead_nowhere(tmp_path: Path) -> None:
    assert file_names.run(tmp_path) > 0


def test_the_server_raises_its_own_limit_of_open_files(tmp_path: Path) -> None:
    command = ["sh", "-c", 'ulimit -Sn 100; exec "$@"', "sh", *HIPKIT]
    with serving(tmp_path, command=command) as server:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()

    line = next(line for line in limits.splitlines() if "open files" in line)
    soft, hard = line.split()[3:5]
    assert soft == hard
