"""The command line as people and scripts use it: real processes, a real server, real pipes."""

from __future__ import annotations

import json
import os
import pty
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.serving import free_port

HIPKIT = [sys.executable, "-W", "error", "-m", "hipkit.cli"]
ROOM = "Dev Ops/é 100%"


class Server(NamedTuple):
    """Where a server is, and the administrator's token."""

    base_url: str
    token: str

    @property
    def environment(self) -> Mapping[str, str]:
        return {"HIPCHAT_BASE_URL": self.base_url, "HIPCHAT_TOKEN": self.token}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    database = tmp_path_factory.mktemp("server") / "chat.db"
    options = ["--port", "0", "--no-rate-limits", "--db", str(database)]
    command = [*HIPKIT, "serve", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            output = json.loads(process.stdout.readline())
            yield Server(
                output["base_url"], Path(output["token_file"]).read_text().strip()
            )
        finally:
            process.terminate()


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def hipkit(server: Server) -> Run:
    def run(
        *arguments: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*HIPKIT, *arguments],
            input=stdin,
            env={**os.environ, **server.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def room(hipkit: Run) -> str:
    made = hipkit("call", "create-room", "--name", ROOM, "--json")
    assert made.returncode == 0, made.stderr
    return ROOM


@pytest.mark.parametrize("transport", ["httpcore2", "pycurl"])
def test_what_is_sent_can_be_read_back(
    transport: str, hipkit: Run, room: str, tmp_path: Path
) -> None:
    card = tmp_path / "card.json"
    card.write_text(
        '{"style": "application", "id": "1", "title": "Build", "description": "red"}'
    )
    report = tmp_path / "report.txt"
    report.write_text("all is well")
    through = ["--transport", transport]

    for arguments, stdin in (
        ([room, "Build <b>7</b>", "--card", str(card), "--color", "red"], ""),
        ([room, "--as-message"], "from a pipe @all\n"),
        ([room, "the report", "--file", str(report)], ""),
    ):
        sent = hipkit("send", *arguments, *through, stdin=stdin)
        assert (sent.returncode, sent.stdout, sent.stderr) == (0, "", "")

    shown = hipkit("tail", room, "--no-follow", "-n", "3", "--json", *through)
    first, second, third = map(json.loads, shown.stdout.splitlines())
    assert first["message"] == "Build <b>7</b>"
    assert json.loads(first["card"])["title"] == "Build"
    assert second["message"] == "from a pipe @all"
    assert third["file"]["name"] == "report.txt"
    assert third["file"]["size"] == len("all is well")


def test_the_token_in_use_is_described(hipkit: Run, server: Server) -> None:
    checked = hipkit("token", "check", "--json")

    assert json.loads(checked.stdout)["kind"] == "user"
    assert server.token not in checked.stdout + checked.stderr
    asked = hipkit("token", "check", "--operation", "create-room", "--name", "never")
    assert (asked.returncode, asked.stdout) == (0, "allowed\n")
    rooms = json.loads(hipkit("call", "get-all-rooms", "--all", "--json").stdout)
    assert "never" not in [each["name"] for each in rooms]


@pytest.mark.parametrize("transport", ["httpcore2", "pycurl"])
def test_exit_codes_distinguish_errors(transport: str, hipkit: Run, room: str) -> None:
    through = ["--transport", transport, "--retries", "0"]
    nobody = f"http://127.0.0.1:{free_port()}/v2"

    assert hipkit("call", "get-room", room, *through).returncode == 0
    assert hipkit("call", "get-room", *through).returncode == 2
    assert hipkit("send", room, "x", "--base-url", nobody, *through).returncode == 3
    denied = hipkit("call", "get-room", room, *through, HIPCHAT_TOKEN="wrong")
    assert denied.returncode == 5
    assert hipkit("call", "get-room", "nowhere", *through).returncode == 6
    long_topic = hipkit("call", "set-topic", room, "--topic", "x" * 300, *through)
    assert long_topic.returncode == 8


@pytest.mark.parametrize("transport", ["httpcore2", "pycurl"])
def test_a_message_that_may_have_arrived_is_code_4(transport: str, hipkit: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def read_and_hang_up() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)

        thread = threading.Thread(target=read_and_hang_up)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v2"
        ended = hipkit(
            "send",
            "ops",
            "x",
            "--base-url",
            address,
            "--transport",
            transport,
            "--json",
        )
        thread.join()

    assert ended.returncode == 4
    assert json.loads(ended.stderr)["error"]["may_have_arrived"] is True


def test_an_answer_that_is_no_hipchat_is_code_10(hipkit: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_with_a_page() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                    b"Content-Length: 6\r\n\r\n<html>"
                )

        thread = threading.Thread(target=answer_with_a_page)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v2"
        ended = hipkit("call", "get-room", "ops", "--base-url", address)
        thread.join()

    assert ended.returncode == 10
    assert ended.stderr.count("\n") == 1


def test_tail_shows_what_comes_and_ends_quietly_with_ctrl_c(
    hipkit: Run, room: str, server: Server
) -> None:
    assert hipkit("send", room, "one", "--as-message").returncode == 0
    command = [*HIPKIT, "tail", room, "-n", "1", "--interval", "0.2"]
    with subprocess.Popen(
        command,
        env={**os.environ, **server.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        before = process.stdout.readline()
        assert hipkit("send", room, "two", "--as-message").returncode == 0
        after = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=300)

        assert before.endswith(" Administrator: one\n")
        assert after.endswith(" Administrator: two\n")
        assert process.returncode == 130
        assert process.stderr.read() == ""


def test_a_reader_that_leaves_is_silent() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        ended = subprocess.run(
            [*HIPKIT, "call", "--list"],
            stdout=stream,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )

    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize(
    ("redirection", "code", "output"),
    [
        ("<&-", 2, "standard input is closed"),
        ("< /dev/null", 2, "the message is empty"),
        ("hello >&-", 0, ""),
        ("hello --json >&-", 1, "standard output is closed"),
        ("hello --json > /dev/full", 1, "No space left on device"),
        ("hello --card /nowhere 2>&-", 2, ""),
    ],
)
def test_closed_and_full_streams_are_reported_in_one_line(
    redirection: str, code: int, output: str, server: Server, room: str
) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f'{shlex.join(HIPKIT)} send "$ROOM" {redirection}'],
        env={**os.environ, **server.environment, "ROOM": room},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == code
    assert output in ended.stderr
    assert ended.stderr.count("\n") == bool(output)


def test_a_big_file_shows_how_far_it_is_on_a_terminal(
    server: Server, room: str, tmp_path: Path
) -> None:
    path = tmp_path / "big[red].bin"
    path.write_bytes(bytes(3 * 1024 * 1024))
    try:
        ours, theirs = pty.openpty()
    except OSError:
        pytest.skip("this machine has no pseudo-terminals")
    command = [*HIPKIT, "send", room, "--file", str(path)]

    ended = subprocess.run(
        command,
        env={**os.environ, **server.environment, "TERM": "xterm", "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # The other end is closed: Linux says so with an error.
    finally:
        os.close(ours)

    assert ended.returncode == 0
    assert b"big[red].bin" in shown
    assert b"3.1/3.1 MB" in shown


def test_an_unreadable_file_is_refused_before_anything_is_sent(
    hipkit: Run, room: str, tmp_path: Path
) -> None:
    ended = hipkit("send", room, "--file", str(tmp_path))

    assert ended.returncode == 2
    assert "is a directory" in ended.stderr


def test_a_pipe_can_be_sent_as_a_file(server: Server, room: str) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f'{shlex.join(HIPKIT)} send "$ROOM" --file /dev/stdin'],
        input=b"through a pipe",
        env={**os.environ, **server.environment, "ROOM": room},
        capture_output=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, b"")


def test_the_completion_is_what_each_shell_here_reads(hipkit: Run) -> None:
    for shell in ("bash", "zsh", "fish"):
        script = hipkit("completion", shell).stdout
        program = shutil.which(shell)
        if program is not None:
            subprocess.run([program, "-n"], input=script, text=True, check=True)


def test_bash_completes_the_operations(hipkit: Run) -> None:
    # What the script for bash does at the Tab key.
    completed = hipkit(
        _HIPKIT_COMPLETE="bash_complete",
        COMP_WORDS="hipkit call get-room-s",
        COMP_CWORD="2",
    )

    assert completed.stdout == "plain,get-room-statistics\n"
