"""Starts Synapse, the Matrix homeserver, on loopback, with no federation and its own database.

`make test-all` installs it into an environment of its own; `requirements/synapse.txt` pins it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import re
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

__all__ = ["SYNAPSE", "Homeserver", "Member", "check_installed", "running"]

SYNAPSE = Path(".tools/synapse/bin/python").absolute()
SHARED_SECRET = "only for this test"
LISTENING = re.compile(r"now listening on TCP port (\d+)")
PATIENCE_SECONDS = 300
UNLIMITED = {"per_second": 10_000, "burst_count": 10_000}

LOGGING = """\
version: 1
formatters: {plain: {format: '%(levelname)s %(name)s %(message)s'}}
handlers: {console: {class: logging.StreamHandler, formatter: plain}}
root: {level: INFO, handlers: [console]}
disable_existing_loggers: false
"""


@dataclass(frozen=True)
class Member:
    """A user of the homeserver."""

    server: Homeserver
    name: str
    id: str
    token: str

    def call(
        self, method: str, path: str, body: object = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to the client API, and return status and answer."""
        return self.server.call(
            method, f"/_matrix/client/v3{path}", body, token=self.token
        )

    def create_room(self, alias: str = "", **more: object) -> str:
        """Create a public room, and return its id."""
        body = {"preset": "public_chat", **more}
        status, answer = self.call(
            "POST", "/createRoom", body | ({"room_alias_name": alias} if alias else {})
        )
        assert status == 200, answer
        room_id: str = answer["room_id"]
        return room_id

    def join(self, room: str) -> None:
        status, answer = self.call("POST", f"/join/{quote(room, safe='')}", {})
        assert status == 200, answer

    def download(self, media: str) -> tuple[int, bytes]:
        """Return status and bytes of a file, by the server and id of its `mxc` address."""
        path = f"/_matrix/client/v1/media/download/{media}"
        return self.server.exchange("GET", path, token=self.token)

    def messages(self, room_id: str) -> list[dict[str, Any]]:
        """Return the events with messages of a room, the oldest first."""
        place = f"/rooms/{quote(room_id, safe='')}/messages"
        found: list[dict[str, Any]] = []
        start = ""
        while True:
            query = f"?dir=f&limit=1000{start}"
            status, page = self.call("GET", place + query)
            assert status == 200, page
            found += [
                event for event in page["chunk"] if event["type"] == "m.room.message"
            ]
            if "end" not in page:
                return found
            start = f"&from={quote(page['end'], safe='')}"


@dataclass
class Homeserver:
    """A homeserver that is ready."""

    process: subprocess.Popen[str]
    folder: Path
    base_url: str = ""
    lines: list[str] = field(default_factory=list)

    def call(
        self, method: str, path: str, body: object = None, *, token: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Send a request, and return status and answer."""
        data = None if body is None else json.dumps(body).encode()
        status, content = self.exchange(method, path, data, token=token)
        return status, json.loads(content)

    def exchange(
        self, method: str, path: str, data: bytes | None = None, *, token: str = ""
    ) -> tuple[int, bytes]:
        """Send bytes, and return status and bytes."""
        address = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=PATIENCE_SECONDS
        )
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with contextlib.closing(connection):
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def register(self, name: str) -> Member:
        """Register a user by the shared secret."""
        place = "/_synapse/admin/v1/register"
        _, answer = self.call("GET", place)
        nonce = answer["nonce"]
        mac = hmac.new(SHARED_SECRET.encode(), digestmod=hashlib.sha1)
        mac.update("\0".join([nonce, name, "password", "notadmin"]).encode())
        user = {"username": name, "password": "password", "admin": False}
        status, answer = self.call(
            "POST", place, user | {"nonce": nonce, "mac": mac.hexdigest()}
        )
        assert status == 200, answer
        return Member(self, name, answer["user_id"], answer["access_token"])

    def register_anybody(self) -> Member:
        """Register a user with a name that nobody has."""
        return self.register(f"user-{uuid.uuid4().hex}")


def check_installed() -> None:
    """Skip the test, by name, where Synapse is missing."""
    if not SYNAPSE.exists():
        pytest.skip("Synapse is missing: make .tools/synapse/.ready")


def configuration(
    folder: Path, port: int, rate_limit: Mapping[str, float]
) -> dict[str, Any]:
    """Return what `homeserver.yaml` holds: JSON is YAML too."""
    limits = {
        "rc_message": rate_limit,
        "rc_registration": UNLIMITED,
        "rc_admin_redaction": UNLIMITED,
        "rc_joins": {"local": UNLIMITED, "remote": UNLIMITED},
        "rc_login": {"address": UNLIMITED, "account": UNLIMITED},
        "rc_invites": {"per_room": UNLIMITED, "per_user": UNLIMITED},
        "rc_room_creation": UNLIMITED,
    }
    return limits | {
        "server_name": "matrix.example.com",
        "pid_file": str(folder / "homeserver.pid"),
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "resources": [{"names": ["client"]}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "home.db")}},
        "log_config": str(folder / "logging.yaml"),
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret": SHARED_SECRET,
        "report_stats": False,
        "presence": {"enabled": False},
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "enable_authenticated_media": True,
    }


@contextlib.contextmanager
def running(
    folder: Path, *, port: int = 0, rate_limit: Mapping[str, float] = UNLIMITED
) -> Iterator[Homeserver]:
    """Run Synapse in a folder, which it finds again at its next start.

    Args:
        folder: Where its database and files are.
        port: 0 for any.
        rate_limit: How many messages a user may send: `per_second` and `burst_count`.
    """
    check_installed()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logging.yaml").write_text(LOGGING)
    settings = configuration(folder, port, rate_limit)
    (folder / "homeserver.yaml").write_text(json.dumps(settings))
    command = [str(SYNAPSE), "-m", "synapse.app.homeserver"]
    command += ["--config-path", str(folder / "homeserver.yaml")]
    if not (folder / "signing.key").exists():
        subprocess.run(
            [*command, "--generate-keys"], cwd=folder, check=True, capture_output=True
        )
    process = subprocess.Popen(
        command,
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    server = Homeserver(process, folder)
    reader = threading.Thread(target=lambda: None)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            server.lines.append(line)
            if found := LISTENING.search(line):
                server.base_url = f"http://127.0.0.1:{found[1]}"
                break
        assert server.base_url, "".join(server.lines)
        reader = threading.Thread(
            target=server.lines.extend, args=(process.stderr,), daemon=True
        )
        reader.start()
        yield server
    finally:
        process.kill()
        process.wait()
        if reader.ident is not None:
            reader.join()
        if process.stderr is not None:
            process.stderr.close()
