"""`hipkit addon run` and `hipkit addon replay`, as somebody who writes an add-on uses them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hipkit import HipChat
from tests.e2e.serving import HIPKIT, PATIENCE_SECONDS, free_port, hipkit

KARMA = r"""
from hipkit.addon import AddOn, Message

addon = AddOn(key="com.example.karma", name="Karma", scopes=["send_notification"])


@addon.on_message(r"^/karma (?P<name>@\w+)")
async def karma(message: Message, name: str) -> str:
    print(name, flush=True)
    return f"{name} has one more"
"""

LAST = r"""
import asyncio

from hipkit.addon import AddOn, Message

addon = AddOn(key="com.example.last", name="Last", scopes=["send_notification"])


@addon.on_message(r"^/last (?P<port>\d+)")
async def last(message: Message, port: str) -> str:
    print("begun", flush=True)
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", int(port))
        except OSError:
            return "the last word"
        writer.close()
        await writer.wait_closed()
"""


@contextmanager
def running(
    folder: Path, *options: str, source: str = KARMA
) -> Iterator[tuple[Any, subprocess.Popen[str]]]:
    """Run the add-on, and yield what the command printed."""
    (folder / "karma.py").write_text(source)
    command = [*HIPKIT, "addon", "run", "karma:addon", "--json", *options]
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield json.loads(line), process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    _, error = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, error


def client_of(started: Any) -> HipChat:
    token = Path(started["token_file"]).read_text().strip()
    return HipChat(token, base_url=started["base_url"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_start_and_stop_together_and_leave_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(tmp_path, "--port", "0", "--addon-port", "0") as (started, process):
        database = Path(started["database"])
        assert database.exists()
        with client_of(started) as client:
            assert client.rooms.get_room("Room").id == int(
                started["room"].rpartition("/")[2]
            )
        assert started["password_link"].startswith(started["room"].split("/rooms")[0])

        assert stop(process, number) == (0, "")

    assert not database.parent.exists()
    assert {one.name for one in tmp_path.iterdir()} <= {"karma.py", "__pycache__"}


def test_a_delivery_is_sent_again_and_a_restart_goes_on(tmp_path: Path) -> None:
    ports = (f"--port={free_port()}", f"--addon-port={free_port()}")
    kept = (*ports, "--folder", "data", "--room", "Dev Ops")
    replay = ("addon", "replay", "--db", "data/hipkit.db", "--json")
    with running(tmp_path, *kept) as (started, process):
        assert process.stdout is not None
        with client_of(started) as client:
            for name in ("@bob", "@eve"):
                client.rooms.send_message("Dev Ops", message=f"/karma {name}")
                assert process.stdout.readline() == f"{name}\n"

            # What the second one found was there before its handler began.
            texts = [each.message for each in client.history("Dev Ops")]
            assert "@bob has one more" in texts

            listed = json.loads(hipkit(tmp_path, *replay).stdout)
            assert [one["event"] for one in listed] == ["room_message"] * 2
            sent = hipkit(tmp_path, *replay, listed[-1]["delivery"])
            assert json.loads(sent.stdout)["sent_again"] is True, sent.stderr
            assert process.stdout.readline() == "@bob\n"

        missing = hipkit(tmp_path, *replay, "99")
        assert (missing.returncode, "no delivery 99" in missing.stderr) == (6, True)
        assert stop(process, signal.SIGINT) == (0, "")

    with running(tmp_path, *kept) as (started, process):
        assert process.stdout is not None
        assert started["password_link"] is None
        with client_of(started) as client:
            client.rooms.send_message("Dev Ops", message="/karma @ann")
            assert process.stdout.readline() == "@ann\n"
        assert stop(process, signal.SIGINT) == (0, "")

    elsewhere = (ports[0], f"--addon-port={free_port()}", *kept[2:])
    done = hipkit(tmp_path, "addon", "run", "karma:addon", *elsewhere)
    assert done.returncode == 1
    assert f"use {ports[1].replace('=', ' ')}," in done.stderr


def test_what_an_add_on_answers_while_it_ends_arrives(tmp_path: Path) -> None:
    addon_port = free_port()
    ports = (f"--port={free_port()}", f"--addon-port={addon_port}")
    kept = (*ports, "--folder", "data", "--room", "Dev Ops")
    with running(tmp_path, *kept, source=LAST) as (started, process):
        assert process.stdout is not None
        with client_of(started) as client:
            # Its handler ends when the add-on accepts no connection any more.
            client.rooms.send_message("Dev Ops", message=f"/last {addon_port}")
            assert process.stdout.readline() == "begun\n"
        assert stop(process, signal.SIGINT) == (0, "")

    with (
        running(tmp_path, *kept, source=LAST) as (started, _),
        client_of(started) as client,
    ):
        texts = [each.message for each in client.history("Dev Ops")]
    assert texts.count("the last word") == 1
