"""What a program of others is put into: a server behind TLS, and tokens in its environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hipkit import HipChat
from tests.clients.conversation import Call, calls_of
from tests.clients.network import HIPCHAT, in_own_network
from tests.clients.recording import Recording, write
from tests.clients.relay import Relay
from tests.clients.setting import SCOPES, said
from tests.e2e.serving import Running

AUTHORITY = "hipkit-ca"  # the folder that `hipkit admin ca` makes
PATIENCE_SECONDS = 60
REPOSITORY = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS = REPOSITORY / ".tools/clients"
NODE_MODULES = ENVIRONMENTS / "node/node_modules"
DRIVERS = Path(__file__).resolve().parent / "programs"
# What a program makes up anew in every run, or repeats of what the server did.
CHANGING = {
    r"\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d\1\d\d": r"2100-01-01T00\g<1>00\g<1>00",
    r"(?<=00:00\.)\d{6}|(?<=00%3A00\.)\d{6}": "000000",
    r'(?<="version": ")\w+': "ABCDEFGH",
    # The credentials of an add-on that was installed: a replay takes those of the set-up.
    r"(?<=Basic )[\w+/]{20,}=*": "{client credentials}",
    # What ac-koa-hipchat makes of them, and of its address.
    r"\b[0-9a-f]{40}\b": "0" * 40,
}
# What only Debian has, by the package that brings it.
DEBIAN = {
    "elastalert": "elastalert",
    "netdata": "netdata-plugins-bash",
    "ruby-hipchat": "ruby-hipchat",
}
NO_NAMES: Mapping[str, str] = {}
# Ends the name of a library whose own tests are run: they need more than the recordings' set-up.
OWN_TESTS = "-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A server that only this program talks to, and what the program knows of it."""

    folder: Path
    server: Running
    relay: Relay
    names: dict[str, str]
    recordings: Path | None

    def run(self, program: str, *, knows_one_address: bool = False) -> str:
        """Let a program do all it can; it ends well or the test fails. Return what it printed."""
        driver = driver_of(program)
        self.need(program)
        if knows_one_address and not in_own_network():
            pytest.skip(
                f"this machine cannot be {HIPCHAT}, the one address that {program} knows"
            )
        done = subprocess.run(
            self.command(driver),
            cwd=self.folder,
            env=self.environment(program),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        if self.recordings and not program.endswith(OWN_TESTS):
            self.record(program, self.recordings / f"{program}.json")
        return done.stdout

    def need(self, program: str) -> None:
        """Skip without the Debian package that a program needs; fail where it is not installed."""
        if program in DEBIAN:
            if self.version(program) is None:
                pytest.skip(f"{program} is not there: apt install {DEBIAN[program]}")
            return
        is_for_node = driver_of(program).suffix == ".js"
        if is_for_node and not (shutil.which("node") and shutil.which("npm")):
            pytest.skip(f"{program} needs Node.js: apt install nodejs npm")
        home = ENVIRONMENTS / ("node" if is_for_node else program)
        if not (home / ".ready").exists():
            pytest.fail(f"{program} could not be installed into {home}")

    def record(
        self,
        program: str,
        path: Path,
        *,
        names: Mapping[str, str] = NO_NAMES,
        left: Mapping[str, list[dict[str, Any]]] | None = None,
    ) -> None:
        """Write what the program said, and what is left of it: by default all that is there."""
        recording = Recording({**self.names, **names}, CHANGING)
        for call in self.calls():
            recording.add(call)
        if left is None:
            left = {"room": self.said(), "private": self.said_to_jane()}
        for entry in left["room"]:
            if "at random" in entry["message"]:
                entry["color"] = "random"
        document = {
            "program": f"{program} {self.version(program)}",
            "calls": recording.calls,
            "said": recording.anonymous(left),
        }
        write(path, document)

    def refusals(self) -> list[tuple[int, str]]:
        """Return the calls that did not succeed."""
        return [
            (call.status, call.operation) for call in self.calls() if call.status >= 400
        ]

    def command(self, driver: Path) -> list[str]:
        match driver.suffix:
            case ".py":
                # Without the driver's own folder, where it would find itself.
                return ["python", "-P", str(driver)]
            case ".js":
                return ["node", str(driver)]
            case ".rb":
                return ["ruby", str(driver)]
            case _:
                return ["sh", str(driver)]

    def environment(self, program: str) -> dict[str, str]:
        """Return what the program finds: its own tools, the server, and whom to trust."""
        trusted = str(self.folder / AUTHORITY / "ca.pem")
        return {
            "PATH": f"{ENVIRONMENTS / program / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "NODE_PATH": str(NODE_MODULES),
            "REQUESTS_CA_BUNDLE": trusted,
            "SSL_CERT_FILE": trusted,
            "NODE_EXTRA_CA_CERTS": trusted,
            "ROOT": self.names["root"],
            "HOST": self.names["host"],
            "ADMIN_TOKEN": self.names["admin token"],
            "ROOM_TOKEN": self.names["room token"],
            "JANE_TOKEN": self.names["jane token"],
            "CLIENT_ID": self.names["client id"],
            "CLIENT_SECRET": self.names["client secret"],
            "CLIENT_SCOPES": " ".join(SCOPES),
        }

    def version(self, program: str) -> str | None:
        """Return the version of a program, or nothing where Debian's package is missing."""
        if program not in DEBIAN:
            return locked_version(program)
        show = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}"]
        if shutil.which(show[0]) is None:
            return None
        done = subprocess.run(
            [*show, DEBIAN[program]], capture_output=True, text=True, check=False
        )
        state, _, version = done.stdout.partition(" ")
        return version if state == "installed" else None

    def calls(self) -> list[Call]:
        """Return what the program asked and was answered, once it is done."""
        return calls_of(self.relay.finished(PATIENCE_SECONDS))

    def client(self) -> HipChat:
        """Return hipkit's own client, to read back what happened."""
        return HipChat(self.names["reader token"], base_url=self.server.base_url)

    def said(self) -> list[dict[str, Any]]:
        """Return what was said in the room that is there from the start."""
        return said(self.read("/room/1/history/latest", self.names["reader token"]))

    def said_to_jane(self, sender: int = 1) -> list[dict[str, Any]]:
        """Return what somebody said to Jane alone."""
        return said(
            self.read(f"/user/{sender}/history/latest", self.names["jane token"])
        )

    def read(self, path: str, token: str) -> dict[str, Any]:
        status, _, body = self.server.call(
            "GET", f"{path}?max-results=1000", token=token
        )
        assert status == 200, body
        found: dict[str, Any] = json.loads(body)
        return found


def driver_of(program: str) -> Path:
    """Return the script that has a program do what it can."""
    (driver,) = DRIVERS.glob(f"{program}.*")
    return driver


def locked_version(program: str) -> str:
    """Return the version that `make test-clients` installs."""
    program = program.removesuffix(OWN_TESTS)
    locked = REPOSITORY / "requirements/clients"
    for file, form in (
        ("python.txt", rf"^{program}==(\S+)"),
        ("no-deps.txt", rf"^{program}==(\S+)"),
        ("package.json", rf'"{program}": "([^"]+)"'),
    ):
        if found := re.search(form, (locked / file).read_text(), re.MULTILINE):
            return found[1]
    raise LookupError(program)
