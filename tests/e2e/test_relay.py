"""`hipkit relay`: a server for old senders and its routes, in a process of their own."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.serving import HIPKIT, PATIENCE_SECONDS, Running, hipkit, serving

SECRET = "a-long-s3cret-of-the-signature"
ADMIN = ("admin", "--db", "relay.db", "relay")


class Receiver(ThreadingHTTPServer):
    """A target: what it receives waits in a queue."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.gone: frozenset[str] = frozenset()

    def next(self) -> dict[str, Any]:
        """Return the next message."""
        return self.received.get(timeout=PATIENCE_SECONDS)


class Handler(BaseHTTPRequestHandler):
    """Takes messages of the plain webhook."""

    server: Receiver

    def do_POST(self) -> None:
        """Take one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # Before the answer: the next message may come as soon as that is sent.
        self.server.received.put({"path": self.path, **json.loads(body)["data"]})
        self.send_response(404 if self.path in self.server.gone else 204)
        self.end_headers()

    def log_message(self, format: str, *values: object) -> None:
        """Log nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file whose routes lead to paths of the receiver, each with more lines."""
    monkeypatch.setenv("SIGNATURE", SECRET)

    def write_file(before: str = "", **routes: str) -> Path:
        text = before
        for name, more in routes.items():
            hook = tmp_path / name
            hook.write_text(f"http://127.0.0.1:{receiver.server_port}/s3cret/{name}\n")
            hook.chmod(0o600)
            text += (
                f'\n[[route]]\nname = "{name}"\nto = "webhook"\nurl = "file:{name}"\n'
                f'secret = "env:SIGNATURE"\nallow_private_network = true\n{more}\n'
            )
        path = tmp_path / "relay.toml"
        path.write_text(text)
        return path

    return write_file


def relaying(path: Path, *options: str) -> Any:
    return serving(
        path.parent,
        path.name,
        *options,
        database="relay.db",
        command=(*HIPKIT, "relay"),
    )


def send(
    server: Running, message: str, *, token: str = "0123456789", **more: str
) -> None:
    """Send a notification by API v1, with a token that nobody set up."""
    fields = {"room_id": "Dev Ops", "from": "Nagios", "message": message, **more}
    body = urllib.parse.urlencode(fields)
    with contextlib.closing(server.connect()) as connection:
        connection.request(
            "POST",
            f"/v1/rooms/message?auth_token={token}",
            body,
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        answer = json.load(connection.getresponse())
    assert answer == {"status": "sent"}


def wait_for_line(server: Running, text: str) -> str:
    """Return the line of the log that has a text."""
    ticks = threading.Event()
    for _ in range(PATIENCE_SECONDS * 50):
        for line in list(server.stderr_lines):
            if text in line:
                return line
        ticks.wait(0.02)
    raise AssertionError(server.stderr_lines)


def test_what_an_old_program_sends_arrives(write: Write, receiver: Receiver) -> None:
    with relaying(write(ops='rooms = "Dev *"')) as server:
        send(server, "disk full", color="red", notify="1")

        arrived = receiver.next()
        assert arrived["path"] == "/s3cret/ops"
        assert (arrived["room"], arrived["from"]) == ("Dev Ops", "Nagios")
        assert (arrived["text"], arrived["color"]) == ("disk full", "red")
        assert server.stop() == 0
    assert "s3cret" not in "".join(server.stderr_lines)
    assert (server.folder / "relay.db").exists()


def test_a_file_that_was_changed_is_read_at_sighup_and_nothing_is_lost(
    write: Write, receiver: Receiver
) -> None:
    with relaying(write(ops="")) as server:
        send(server, "1")
        assert receiver.next()["path"] == "/s3cret/ops"

        write(ops="", red='when = { color = "red" }')
        server.process.send_signal(signal.SIGHUP)
        wait_for_line(server, "was read again, routes: 2")
        send(server, "2", color="red")
        paths = {receiver.next()["path"] for _ in range(2)}
        assert paths == {"/s3cret/ops", "/s3cret/red"}

        path = write(ops="room = 'x'", red="")
        server.process.send_signal(signal.SIGHUP)
        line = wait_for_line(server, "stay as they were")
        assert f"{path.name}:8: " in line
        assert "there is no key 'room', did you mean rooms?" in line
        send(server, "3", color="red")
        paths = {receiver.next()["path"] for _ in range(2)}
        assert paths == {"/s3cret/ops", "/s3cret/red"}
        assert server.stop() == 0


def test_a_secret_is_read_again_with_the_file(write: Write, receiver: Receiver) -> None:
    path = write(ops="")
    with relaying(path) as server:
        hook = path.with_name("ops")
        hook.write_text(hook.read_text().replace("/s3cret/ops", "/s3cret/new"))
        server.process.send_signal(signal.SIGHUP)
        wait_for_line(server, "was read again")
        send(server, "hello")
        assert receiver.next()["path"] == "/s3cret/new"
        hook.chmod(0o644)
        server.process.send_signal(signal.SIGHUP)
        assert "chmod 600" in wait_for_line(server, "stay as they were")
        send(server, "still there")
        assert receiver.next()["path"] == "/s3cret/new"
        assert server.stop() == 0
    assert "s3cret" not in "".join(server.stderr_lines)


def test_a_paused_route_is_tried_when_its_file_was_mended(
    write: Write, receiver: Receiver
) -> None:
    receiver.gone = frozenset({"/s3cret/ops"})
    path = write(ops="")
    with relaying(path) as server:
        send(server, "hello")
        wait_for_line(server, "keeps failing and is paused")
        hook = path.with_name("ops")
        hook.write_text(hook.read_text().replace("/s3cret/ops", "/s3cret/new"))
        server.process.send_signal(signal.SIGHUP)
        while (message := receiver.next())["path"] != "/s3cret/new":
            assert message["path"] == "/s3cret/ops"
        assert message["text"] == "hello"
        assert server.stop() == 0


def test_a_reload_opens_no_door(write: Write) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - what is tested is that it is no open door
    path = write('[senders]\naccept = ["127.0.0.0/8"]\n', ops="")
    with relaying(path, "--host", everywhere) as server:
        write(ops="")
        server.process.send_signal(signal.SIGHUP)
        assert "in [senders], such as" in wait_for_line(server, "stay as they were")
        assert server.stop() == 0


def test_messages_during_reloads_arrive_once_and_in_order(
    write: Write, receiver: Receiver
) -> None:
    with relaying(write(ops="")) as server:
        for number in range(100):
            send(server, str(number))
            if number % 10 == 0:
                write(ops=f"drop_older_than = '{number + 1}h'")
                server.process.send_signal(signal.SIGHUP)
        arrived = [receiver.next()["text"] for _ in range(100)]
        assert server.stop() == 0
    assert arrived == [str(number) for number in range(100)]
    assert receiver.received.empty()
    assert any("was read again" in line for line in server.stderr_lines)


def test_what_waits_at_the_end_is_sent_after_the_next_start(
    write: Write, receiver: Receiver
) -> None:
    path = write(ops="")
    with relaying(path) as server:
        assert "paused: yes" in hipkit(path.parent, *ADMIN, "pause", "ops").stdout
        send(server, "1")
        send(server, "2")
        assert server.stop() == 0
    shown = hipkit(path.parent, *ADMIN, "show", "ops").stdout
    assert "state: paused\nwaiting: 2\n" in shown
    with relaying(path) as server:
        hipkit(path.parent, *ADMIN, "resume", "ops")
        assert [receiver.next()["text"] for _ in range(2)] == ["1", "2"]
        assert server.stop() == 0


def test_a_message_comes_with_a_link_that_needs_no_account(
    write: Write, receiver: Receiver
) -> None:
    path = write('public_url = "https://relay.example.com"\n', ops="")
    with relaying(path) as server:
        send(server, "disk full")
        link = receiver.next()["link"]
        assert link.startswith("https://relay.example.com/m/")
        with contextlib.closing(server.connect()) as connection:
            connection.request("GET", urllib.parse.urlsplit(link).path)
            answer = connection.getresponse()
            assert (answer.status, "disk full" in answer.read().decode()) == (200, True)
        assert server.stop() == 0


def test_a_bridge_gets_nothing_back_that_it_sent(
    write: Write, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE", "t0ken-of-the-bridge")
    senders = '[[senders.token]]\ntoken = "env:BRIDGE"\nname = "B"\nbridge = "ops"\n'
    with relaying(write(senders, ops="", other="")) as server:
        send(server, "by the bridge", token="t0ken-of-the-bridge")
        send(server, "by another")
        arrived = [receiver.next() for _ in range(3)]
        assert server.stop() == 0
    by_path = sorted((one["path"], one["text"]) for one in arrived)
    assert by_path == [
        ("/s3cret/ops", "by another"),
        ("/s3cret/other", "by another"),
        ("/s3cret/other", "by the bridge"),
    ]
    assert receiver.received.empty()


def test_a_dry_run_prints_requests_without_secrets_and_sends_none(
    write: Write, receiver: Receiver
) -> None:
    path = write(ops="")
    with relaying(path, "--dry-run") as server:
        send(server, "disk full")
        assert server.process.stdout is not None
        printed = ""
        while "disk full" not in printed:
            line = server.process.stdout.readline()
            assert line, server.stderr_lines
            printed += line
        assert f"POST http://127.0.0.1:{receiver.server_port}/***\n" in printed
        assert printed.count("dry run: nothing is sent") == 1
        assert server.stop() == 0
    assert "s3cret" not in printed
    assert receiver.received.empty()
    assert not (server.folder / "relay.db").exists()


def test_another_host_needs_networks_or_tokens(write: Write) -> None:
    path = write(ops="")
    done = hipkit(path.parent, "relay", path.name, "--host", "192.0.2.1")
    assert done.returncode == 2
    assert 'accept = ["10.0.0.0/8"]' in done.stderr
    assert not (path.parent / "relay.db").exists()


def test_a_present_server_relays_too(write: Write, receiver: Receiver) -> None:
    path = write('[senders]\naccept = ["10.0.0.0/8"]\n', ops="")
    with serving(path.parent, "--relay", path.name) as server:
        wait_for_line(server, "[senders] is for hipkit relay")
        server.call("POST", "/room", {"name": "Dev Ops"})
        status, _, _ = server.call(
            "POST", "/room/Dev%20Ops/notification", {"message": "hello"}
        )
        assert status == 204
        assert receiver.next()["text"] == "hello"
        status, _, _ = server.call(
            "POST", "/room/Dev%20Ops/notification", {"message": "x"}, token="unknown"
        )
        assert status == 401
        assert server.stop() == 0
