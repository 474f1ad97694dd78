"""`hipkit admin addon` with an add-on in a process of its own, beside a server and without one."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.serving import (
    HIPKIT,
    PATIENCE_SECONDS,
    Running,
    admin,
    hipkit,
    serving,
)

PROGRAM = Path(__file__).with_name("addon_process.py")
LOOPBACK = ("--webhook-network", "127.0.0.0/8")


@dataclass
class Addon:
    """The add-on's process, and what it was told."""

    folder: Path
    root: str
    lines: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    @property
    def url(self) -> str:
        return f"{self.root}/capabilities"

    def next(self) -> dict[str, Any]:
        """Return the next that it was told, once it is."""
        told: dict[str, Any] = json.loads(self.lines.get(timeout=PATIENCE_SECONDS))
        return told

    def describe(self, *scopes: str, **installable: str) -> None:
        places = {"callbackUrl": "ROOT/installable", **installable}
        descriptor = {
            "key": "com.example.karma",
            "name": "Karma",
            "description": "Counts karma",
            "links": {"self": "ROOT/capabilities"},
            "vendor": {"name": "Example", "url": "https://example.com"},
            "capabilities": {
                "installable": places,
                "hipchatApiConsumer": {"scopes": list(scopes)},
                "webhook": [
                    {
                        "url": "ROOT/hook",
                        "event": "room_message",
                        "pattern": "^/karma",
                        "authentication": "jwt",
                    }
                ],
            },
        }
        (self.folder / "descriptor.json").write_text(json.dumps(descriptor))


def keep(lines: Iterable[str], told: queue.SimpleQueue[str]) -> None:
    for line in lines:
        told.put(line)


@pytest.fixture
def addon(tmp_path: Path) -> Iterator[Addon]:
    folder = tmp_path / "add-on"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        running = Addon(folder, process.stdout.readline().strip())
        running.describe("send_notification")
        reader = threading.Thread(target=keep, args=(process.stdout, running.lines))
        reader.start()
        yield running
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)
        reader.join()
        process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("server"), *LOOPBACK) as running:
        admin(running.folder, "room", "add", "Ops")
        yield running


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a database on which no server runs any more."""
    with serving(tmp_path_factory.mktemp("stopped")) as running:
        return running.folder


def addons(folder: Path) -> list[dict[str, Any]]:
    done = hipkit(folder, "admin", "--db", "chat.db", "addon", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def test_an_add_on_is_installed_updated_and_removed_beside_a_server(
    server: Running, addon: Addon
) -> None:
    folder = server.folder
    installed = admin(folder, "addon", "install", addon.url, "--yes")

    assert installed["state"] == "installed"
    first = addon.next()
    assert first["token_status"] == 200
    assert first["posted"]["capabilitiesUrl"] == f"{server.base_url}/capabilities"
    shown = admin(folder, "addon", "show", "com.example.karma")
    assert shown["vendor"] == "Example"
    assert shown["webhooks"] == ["room_message working"]

    addon.describe("send_notification", "view_room", updateCallbackUrl="ROOT/update")
    updated = admin(folder, "addon", "update", str(installed["id"]), "--yes")
    assert updated["scopes"] == ["send_notification", "view_room"]
    second = addon.next()
    assert second["path"] == "/update"
    assert "oauthSecret" not in second["posted"]

    removed = admin(folder, "addon", "remove", "com.example.karma")
    assert removed["problem"] is None
    assert addon.next() == {"removed": installed["id"], "token_status": 401}
    assert addons(folder) == []


KARMA = """
import sys
from pathlib import Path
import uvicorn
from hipkit import AsyncHipChat
from hipkit.addon import AddOn, Installation, Message

folder, port, host = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
addon = AddOn(key="com.example.kit", name="Kit", scopes=["send_notification"])

@addon.on_message(r"^/karma (?P<name>@\\w+)")
async def karma(message: Message, name: str, client: AsyncHipChat) -> None:
    answer = f"{name} has one more"
    await client.rooms.send_room_notification(message.room.id, message=answer)
    print("karma", flush=True)

@addon.on_remove
async def removed(installation: Installation) -> None:
    print("removed", flush=True)

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)

app = addon.asgi(
    base_url=f"http://127.0.0.1:{port}",
    storage=folder / "kit.db",
    allowed_hosts=[host],
    allow_http=True,
)
Server(uvicorn.Config(app, port=port, log_level="warning")).run()
"""


def test_an_add_on_made_with_the_kit_is_installed_answers_and_is_removed(
    server: Running, tmp_path: Path
) -> None:
    port, host = free_port(), server.base_url.removesuffix("/v2")
    command = [sys.executable, "-c", KARMA, str(tmp_path), str(port), host]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(target=keep, args=(process.stdout, lines))
        reader.start()
        try:
            assert lines.get(timeout=PATIENCE_SECONDS) == "ready\n"
            url = f"http://127.0.0.1:{port}/capabilities"
            installed = admin(server.folder, "addon", "install", url, "--yes")
            assert installed["state"] == "installed"

            said = server.call("POST", "/room/Ops/message", {"message": "/karma @bob"})
            assert said[0] == 201
            assert lines.get(timeout=PATIENCE_SECONDS) == "karma\n"
            history = json.loads(server.call("GET", "/room/Ops/history")[2])
            assert history["items"][-1]["message"] == "@bob has one more"

            removed = admin(server.folder, "addon", "remove", "com.example.kit")
            assert removed["problem"] is None
            assert lines.get(timeout=PATIENCE_SECONDS) == "removed\n"
        finally:
            process.kill()
            reader.join()


def test_the_server_that_runs_sees_what_was_installed_beside_it(
    server: Running, addon: Addon
) -> None:
    admin(server.folder, "addon", "install", addon.url, "--yes", "--room", "Ops")

    said = server.call("POST", "/room/Ops/message", {"message": "/karma @bob"})
    assert said[0] == 201

    assert addon.next()["token_status"] == 200
    event = addon.next()
    assert event["posted"]["item"]["message"]["message"] == "/karma @bob"
    assert event["headers"]["Authorization"].startswith("JWT ")
    assert event["headers"]["X-Hipkit-Delivery"]
    admin(server.folder, "addon", "remove", "com.example.karma")


def test_without_a_server_the_command_serves_the_api_itself(
    stopped: Path, addon: Addon
) -> None:
    port = str(free_port())

    served = ("--port", port, *LOOPBACK)
    installed = admin(stopped, "addon", "install", addon.url, "--yes", *served)
    removed = admin(stopped, "addon", "remove", str(installed["id"]), *served)

    first, last = addon.next(), addon.next()
    assert (first["token_status"], last["token_status"]) == (200, 401)
    root = f"http://127.0.0.1:{port}"
    assert first["posted"]["capabilitiesUrl"] == f"{root}/v2/capabilities"
    assert removed["problem"] is None
    assert addons(stopped) == []


def test_an_add_on_is_told_when_its_client_is_deleted(
    server: Running, addon: Addon
) -> None:
    installed = admin(server.folder, "addon", "install", addon.url, "--yes")
    client_id = str(installed["id"])

    deleted = admin(server.folder, "client", "delete", client_id)

    assert addon.next()["token_status"] == 200
    assert addon.next() == {"removed": client_id, "token_status": 401}
    assert deleted == {"id": client_id, "problem": None}


def test_a_port_that_is_not_free_is_named(stopped: Path, addon: Addon) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = install(stopped, addon, "--yes", "--port", port)

    assert done.returncode != 0
    assert f"127.0.0.1:{port}" in done.stderr
    assert "start hipkit serve" in done.stderr
    assert addon.lines.empty()


def test_a_refused_installation_leaves_nothing(server: Running, addon: Addon) -> None:
    (addon.folder / "status").write_text("403")

    done = install(server.folder, addon, "--yes")

    assert done.returncode != 0
    assert "answered 403: as you like" in done.stderr
    assert addons(server.folder) == []
    posted = addon.next()["posted"]
    assert posted["oauthSecret"] not in done.stdout + done.stderr
    assert clients(server.folder) == []


SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_during_the_call_leaves_nothing(
    server: Running, addon: Addon, number: signal.Signals
) -> None:
    (addon.folder / "status").write_text("none")
    with begun(server.folder, "addon", "install", addon.url, "--yes") as command:
        assert addon.next()["token_status"] == 200

        command.send_signal(number)

        assert command.wait(PATIENCE_SECONDS) == 128 + number
    assert clients(server.folder) == []
    # Nothing is under way there, so it can be installed at once.
    (addon.folder / "status").unlink()
    admin(server.folder, "addon", "install", addon.url, "--yes")
    admin(server.folder, "addon", "remove", "com.example.karma")


def test_a_signal_leaves_nothing_where_the_command_serves_the_api_itself(
    stopped: Path, addon: Addon
) -> None:
    (addon.folder / "status").write_text("none")
    served = ("--port", str(free_port()), *LOOPBACK)
    with begun(stopped, "addon", "install", addon.url, "--yes", *served) as command:
        assert addon.next()["token_status"] == 200

        command.terminate()

        assert command.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert clients(stopped) == []


def test_a_signal_during_an_update_takes_back_its_scopes(
    server: Running, addon: Addon
) -> None:
    admin(server.folder, "addon", "install", addon.url, "--yes")
    addon.next()
    addon.describe("send_notification", "view_room", updateCallbackUrl="ROOT/update")
    (addon.folder / "status").write_text("none")
    update = ("addon", "update", "com.example.karma", "--yes")
    with begun(server.folder, *update) as command:
        assert addon.next()["path"] == "/update"

        command.terminate()

        assert command.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    [client] = clients(server.folder)
    assert client["scopes"] == ["send_notification"]
    admin(server.folder, "addon", "remove", "com.example.karma")


@pytest.mark.parametrize("number", SIGNALS[:2])
def test_one_signal_ends_a_command_that_asks(
    server: Running, addon: Addon, number: signal.Signals
) -> None:
    ours, theirs = pty.openpty()
    with contextlib.ExitStack() as closing:
        closing.callback(os.close, ours)
        streams = {"stdin": theirs, "stderr": theirs}
        install = ("addon", "install", addon.url)
        try:
            command = closing.enter_context(begun(server.folder, *install, **streams))
        finally:
            os.close(theirs)
        shown = b""
        while b"Agree?" not in shown:
            shown += os.read(ours, 4096)

        command.send_signal(number)

        code = command.wait(PATIENCE_SECONDS)
    assert code in (128 + number, -number)
    assert clients(server.folder) == []


@contextlib.contextmanager
def begun(
    folder: Path, *arguments: str, **streams: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command, and let nothing of it outlive the block."""
    command = [*HIPKIT, "admin", "--db", "chat.db", *arguments]
    process: subprocess.Popen[bytes] = subprocess.Popen(command, cwd=folder, **streams)  # type: ignore[call-overload]  # streams only
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def clients(folder: Path) -> list[dict[str, Any]]:
    done = hipkit(folder, "admin", "--db", "chat.db", "client", "list", "--json")
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def test_scopes_are_shown_and_agreed_to(server: Running, addon: Addon) -> None:
    addon.describe("send_notification", "admin_group")

    done = install(server.folder, addon)

    assert done.returncode == 2
    assert "admin_group: Administer the group" in done.stderr
    assert "--yes" in done.stderr
    assert addon.lines.empty()


def test_an_address_inside_the_network_needs_permission(
    stopped: Path, addon: Addon
) -> None:
    done = install(stopped, addon, "--yes", "--port", "0")

    assert done.returncode != 0
    assert "--webhook-network" in done.stderr
    assert addon.lines.empty()


def install(
    folder: Path, addon: Addon, *options: str
) -> subprocess.CompletedProcess[str]:
    command = ("admin", "--db", "chat.db", "addon", "install", addon.url)
    return hipkit(folder, *command, *options)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
