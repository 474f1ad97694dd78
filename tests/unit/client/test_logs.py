"""`HIPKIT_LOG`, in programs of their own: logging belongs to a whole process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import logging
import hipkit, hipkit.client.hipchat
from hipkit import HipChat
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse

def client():
    answer = RawResponse(204, {{}})
    transport = MemoryTransport(lambda request: answer)
    return HipChat("tok-en-value", base_url="https://a.example/v2", transport=transport)

{code}
client()
client().rooms.send_room_notification("ops", message="the message")
{after}
"""


def run(level: str, code: str = "", after: str = "") -> str:
    """What a program with two clients and one call writes to standard error."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(code=code, after=after)],
        env={**os.environ, "HIPKIT_LOG": level},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == ""
    assert "tok-en-value" not in ended.stderr
    assert "the message" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize("level", ["debug", " DEBUG "])
def test_the_log_is_shown_once_however_many_clients_are_made(level: str) -> None:
    (line,) = run(level).splitlines()
    assert "DEBUG hipkit: POST /room/ops/notification -> 204" in line


@pytest.mark.parametrize("level", ["", "info", "critical"])
def test_a_call_is_below_the_other_levels(level: str) -> None:
    assert run(level) == ""


def test_the_level_is_that_of_the_newest_client() -> None:
    code = "client(); import os; os.environ['HIPKIT_LOG'] = 'info'"
    assert run("debug", code) == ""


def test_nothing_is_set_up_before_a_client_is_made() -> None:
    code = (
        "log = logging.getLogger('hipkit'); assert (log.handlers, log.level) == ([], 0)"
    )
    assert len(run("debug", code).splitlines()) == 1


def test_a_wrong_level_is_reported_once_with_the_levels_there_are() -> None:
    (line,) = run("verbose").splitlines()
    assert line == (
        "HIPKIT_LOG is 'verbose', which is not a level: debug, info, warning, error, critical"
    )


def test_the_programs_own_handlers_get_the_lines_instead() -> None:
    code = "logging.basicConfig(format='mine: %(message)s')"
    (line,) = run("debug", code).splitlines()
    assert line.startswith("mine: POST /room/ops/notification -> 204")


def test_handlers_that_the_program_adds_later_replace_the_own_one() -> None:
    code = "client(); logging.basicConfig(format='mine: %(message)s')"
    (line,) = run("debug", code).splitlines()
    assert line.startswith("mine: ")


def test_a_level_that_the_program_has_set_stays() -> None:
    assert run("debug", "logging.getLogger('hipkit').setLevel('WARNING')") == ""


def test_a_standard_error_that_is_gone_ends_no_call() -> None:
    assert run("debug", "import sys; sys.stderr = None") == ""
    code = "import io, sys; sys.stderr = io.StringIO(); sys.stderr.close()"
    assert run("debug", code, "sys.stderr = sys.__stderr__") == ""
