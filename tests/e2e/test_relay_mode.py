"""Who may send to a real server in relay mode, behind a proxy and without one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.relay_mode import COMMAND
from tests.e2e.serving import Running, serving

NETWORK = ("--accept", "10.0.0.0/8")


def notify(server: Running, headers: Mapping[str, str], body: bytes = b"") -> int:
    with contextlib.closing(server.connect()) as connection:
        connection.request(
            "POST",
            "/v2/room/Ops/notification",
            body or json.dumps({"message": "up"}).encode(),
            {"Authorization": "Bearer old", "Content-Type": "application/json"}
            | dict(headers),
        )
        return connection.getresponse().status


def forwarded(addresses: str) -> dict[str, str]:
    return {"X-Forwarded-For": addresses}


def test_a_trusted_proxy_says_who_sends(tmp_path: Path) -> None:
    proxy = ("--trusted-proxy", "127.0.0.1")
    with serving(tmp_path, *NETWORK, *proxy, command=COMMAND) as server:
        assert notify(server, {}) == 204
        assert notify(server, forwarded("10.1.2.3")) == 204
        assert notify(server, forwarded("192.0.2.9")) == 403
        # The proxy adds the address that it sees to what the program claims.
        assert notify(server, forwarded("10.1.2.3, 192.0.2.9")) == 403
        assert notify(server, forwarded("127.0.0.1, 192.0.2.9")) == 403
        server.stop()
        log = "".join(server.stderr_lines)
    assert "192.0.2.9 may not send" in log
    assert "old" not in log.replace("older", "")


def test_without_one_nobody_claims_an_address(tmp_path: Path) -> None:
    with serving(tmp_path, *NETWORK, command=COMMAND) as server:
        assert notify(server, {}) == 204
        for address in ("10.1.2.3", "127.0.0.1"):
            assert notify(server, forwarded(address)) == 403


def test_a_huge_body_is_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path, command=COMMAND) as server:
        assert notify(server, {}, b'{"message": "' + b"x" * 2_000_000) == 413
        assert notify(server, {}) == 204
