"""What a start loads: modules that a command or call does not use are not imported for it.

Times differ from machine to machine; what is imported does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hipkit.version import VERSION
from tests.contract.transports.scripted_server import (
    NO_CONTENT,
    ScriptedServer,
    answering,
)

SHOW_MODULES = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
COMMAND = "from hipkit.cli import main; main()"
NETWORK = {"asyncio", "httpcore2", "httpx2", "pycurl", "socket", "ssl"}
"""What only a call needs, and asyncio only an asynchronous one."""


@pytest.fixture
def base_url() -> Iterator[str]:
    """The URL of a server that answers every request with 204."""
    server = ScriptedServer(answering(NO_CONTENT))
    yield f"http://127.0.0.1:{server.port}/v2"
    server.close()


def start(
    program: str, *arguments: str, base_url: str = ""
) -> tuple[str, frozenset[str]]:
    """Run a program; return its standard output, and the modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW_MODULES + program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env=os.environ | {"HIPCHAT_TOKEN": "token", "HIPCHAT_BASE_URL": base_url},
    )
    return done.stdout, frozenset(done.stderr.split())


def test_the_version_is_printed_without_loading_commands() -> None:
    out, imported = start(COMMAND, "--version")

    assert out == f"hipkit {VERSION}\n"
    assert imported.isdisjoint({"click", "msgspec", "re", "typing"} | NETWORK)


def test_help_is_printed_without_loading_commands_and_the_client() -> None:
    out, imported = start(COMMAND, "--help")

    assert "Send a notification, message or file to a room." in out
    assert imported.isdisjoint({"hipkit.cli.send", "hipkit.cli.serve", "hipkit.client"})
    assert imported.isdisjoint({"msgspec"} | NETWORK)


def test_importing_hipkit_loads_nothing_else() -> None:
    _, imported = start("import hipkit")

    assert {name for name in imported if name.startswith("hipkit")} == {
        "hipkit",
        "hipkit.version",
    }
    assert imported.isdisjoint({"msgspec", "re", "typing"} | NETWORK)


@pytest.mark.parametrize(
    ("transport", "unused"),
    [
        ("httpcore2", {"asyncio", "hmac", "httpx2", "pycurl"}),
        ("pycurl", NETWORK - {"pycurl"} | {"email", "random", "secrets"}),
    ],
)
def test_a_call_loads_what_it_uses(
    transport: str, unused: set[str], base_url: str
) -> None:
    call = "send_room_notification('ops', message='Done.')"
    program = (
        f"from hipkit import HipChat; HipChat(transport='{transport}').rooms.{call}"
    )

    _, imported = start(program, base_url=base_url)

    assert imported.isdisjoint(unused)
    assert imported.isdisjoint(
        {
            f"hipkit.client.{name}"
            for name in ("async_client", "auth_test", "download", "paging", "tokens")
        }
    )


def test_a_call_without_a_network_loads_no_large_module() -> None:
    program = """
sys.modules["typing_extensions"] = None  # msgspec can do without, and it needs `inspect`.
from hipkit import HipChat
from hipkit.transports.protocol import RawResponse

class Transport:
    name = "no network"

    def send(self, request, options, sink=None):
        return RawResponse(204, {})

    def close(self):
        pass

with HipChat("token", base_url="https://h/v2", transport=Transport()) as client:
    client.rooms.send_room_notification("ops", message="Done.")
"""
    _, imported = start(program)

    assert "hipkit.v2.rooms" in imported
    assert imported.isdisjoint({"dataclasses", "email", "random", "secrets"} | NETWORK)


def test_the_command_send_loads_what_sending_needs(base_url: str) -> None:
    _, imported = start(COMMAND, "send", "ops", "Done.", base_url=base_url)

    assert "hipkit.cli.send" in imported
    assert imported.isdisjoint({"asyncio", "rich", "click.shell_completion"})
    unused = ("serve", "admin", "call.command", "tail", "table", "completion")
    assert imported.isdisjoint({f"hipkit.cli.{name}" for name in unused})
    assert imported.isdisjoint({"hipkit.server", "hipkit.v2.users", "hipkit.v2.help"})
