"""What operators see of a server: TLS, proxies, health, log and end."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import signal
import socket
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization

from tests.e2e.serving import PATIENCE_SECONDS, Running, hipkit, serving

TLS = ("--tls-cert", "hipkit-ca/server.pem", "--tls-key", "hipkit-ca/server-key.pem")
NAME = "chat.example.com"


def port_of(server: Running) -> int:
    return urlsplit(server.base_url).port or 0


@contextlib.contextmanager
def tls(
    server: Running, context: ssl.SSLContext | None = None
) -> Iterator[ssl.SSLSocket]:
    """Open a TLS connection as somebody who trusts the authority."""
    authority = server.folder / "hipkit-ca" / "ca.pem"
    trusting = context or ssl.create_default_context(cafile=authority)
    address = ("127.0.0.1", port_of(server))
    with (
        socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection,
        trusting.wrap_socket(connection, server_hostname=NAME) as wrapped,
    ):
        yield wrapped


def serial(server: Running, context: ssl.SSLContext | None = None) -> str:
    with tls(server, context) as connection:
        certificate = connection.getpeercert() or {}
        return str(certificate["serialNumber"])


def get(server: Running, path: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection(
        "127.0.0.1", port_of(server), timeout=PATIENCE_SECONDS
    )
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, dict(answer.getheaders()), json.loads(body or b"null")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    made = hipkit(tmp_path, "admin", "ca", NAME, "127.0.0.1")
    assert made.returncode == 0, made.stderr
    return tmp_path


def test_a_server_speaks_tls_and_says_so(authority: Path) -> None:
    with serving(authority, *TLS) as server:
        assert server.base_url.startswith("https://127.0.0.1:")
        with tls(server) as connection:
            connection.sendall(
                b"GET /v2/room HTTP/1.1\r\nHost: chat.example.com\r\n"
                b"Authorization: Bearer %s\r\nConnection: close\r\n\r\n"
                % server.token.encode()
            )
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
            assert connection.version() in ("TLSv1.2", "TLSv1.3")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"https://chat.example.com/v2/room"' in answer
        # Who speaks HTTP gets no answer, and harms nobody.
        assert server.raw(b"GET /health HTTP/1.1\r\n\r\n") == b""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(authority: Path) -> None:
    old = ssl.create_default_context(cafile=authority / "hipkit-ca" / "ca.pem")
    # So that it is the server that refuses, and not the library on this side.
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(authority, *TLS) as server:
        with pytest.raises(ssl.SSLError, match=r"ALERT_PROTOCOL|EOF"):
            serial(server, old)
        assert serial(server)


def test_a_renewed_certificate_is_shown_after_sighup(authority: Path) -> None:
    with serving(authority, *TLS) as server:
        before = serial(server)
        assert hipkit(authority, "admin", "ca").returncode == 0
        renewed = (authority / "hipkit-ca" / "server.pem").read_bytes()
        (authority / "hipkit-ca" / "server.pem").write_bytes(b"half a fi")
        server.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: any("stays as it was" in line for line in server.stderr_lines)
        )
        assert serial(server) == before
        (authority / "hipkit-ca" / "server.pem").write_bytes(renewed)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: serial(server) != before)


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def protected(pem: bytes) -> bytes:
    """Return a private key with a password on it."""
    key = serialization.load_pem_private_key(pem, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )


@pytest.mark.parametrize(
    ("file", "spoilt", "shown"),
    [
        ("server-key.pem", lambda _: None, "server-key.pem: No such file"),
        ("server.pem", lambda _: b"x\n", "server.pem: not PEM"),
        (
            "server-key.pem",
            lambda pem: pem["server.pem"],
            "server-key.pem: no private key",
        ),
        ("server.pem", lambda pem: pem["server-key.pem"], "server.pem: no certificate"),
        (
            "server-key.pem",
            lambda pem: pem["ca-key.pem"],
            "the key is not that of the first certificate",
        ),
        (
            "server-key.pem",
            lambda pem: protected(pem["server-key.pem"]),
            "protected by a password",
        ),
    ],
    ids=["gone", "not PEM", "no key", "no certificate", "another key", "password"],
)
def test_an_unusable_certificate_is_reported_before_anything_is_created(
    authority: Path,
    file: str,
    spoilt: Callable[[dict[str, bytes]], bytes | None],
    shown: str,
) -> None:
    folder = authority / "hipkit-ca"
    content = spoilt({path.name: path.read_bytes() for path in folder.iterdir()})
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)

    done = hipkit(authority, "serve", "--port", "0", *TLS)

    assert done.returncode == 1
    assert shown in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (authority / "hipkit.db").exists()


def test_an_authority_vouches_for_its_names_alone(authority: Path) -> None:
    refused = hipkit(authority, "admin", "ca", "other.example.com")
    assert refused.returncode == 1
    assert "was not created for other.example.com" in refused.stderr
    assert hipkit(authority, "admin", "ca", f"www.{NAME}").returncode == 0
    for name in ("ca-key.pem", "server-key.pem"):
        assert (authority / "hipkit-ca" / name).stat().st_mode & 0o077 == 0
    wrong = hipkit(authority, "admin", "ca", "--folder", "b", "two words")
    assert wrong.returncode == 1
    assert "neither a host name nor an IP address" in wrong.stderr


FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


def links_begin_with(server: Running, **headers: str) -> str:
    authorization = f"Bearer {server.token}"
    _, _, page = get(server, "/v2/room", Authorization=authorization, **headers)
    scheme: str = page["links"]["self"].partition(":")[0]
    return scheme


def test_no_proxy_is_trusted_by_default(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert links_begin_with(server, **FORWARDED) == "http"


def remaining(server: Running, **headers: str) -> int:
    """Return how many calls somebody without a token has left."""
    _, answer, _ = get(server, "/v2/capabilities", **headers)
    return int(answer["X-Ratelimit-Remaining"])


def test_a_trusted_proxy_names_the_caller_and_the_scheme(tmp_path: Path) -> None:
    proxies = ("--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "10.1.2.3")
    with serving(tmp_path, *proxies) as server:
        assert links_begin_with(server, **FORWARDED) == "https"
        assert links_begin_with(server) == "http"
        # Calls of unknown callers are counted by their real addresses, and what a caller
        # wrote in front of what the proxies added is not believed.
        first = remaining(server, **FORWARDED)
        forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7, 10.1.2.3"}
        assert remaining(server, **forged) == first - 1
        assert remaining(server, **{"X-Forwarded-For": "203.0.113.8"}) == first


def told_of_tls(server: Running, path: str, **headers: str) -> str | None:
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().getheader("Strict-Transport-Security")


def test_hsts_is_sent_over_tls(tmp_path: Path) -> None:
    options = ("--trusted-proxy", "127.0.0.1", "--hsts", "86400")
    with serving(tmp_path, *options) as server:
        for path in ("/v2/capabilities", "/sign-in", "/health", "/nowhere", "/files/x"):
            assert told_of_tls(server, path, **FORWARDED) == "max-age=86400", path
            assert told_of_tls(server, path) is None


def test_hsts_is_not_sent_by_default(tmp_path: Path) -> None:
    with serving(tmp_path, "--trusted-proxy", "127.0.0.1") as server:
        assert told_of_tls(server, "/sign-in", **FORWARDED) is None


@pytest.mark.parametrize("seconds", ["86400", "-1", "a year"])
def test_telling_browsers_to_come_by_tls_needs_tls_and_a_time(
    tmp_path: Path, seconds: str
) -> None:
    done = hipkit(tmp_path, "serve", "--hsts", seconds)
    assert done.returncode == 2
    assert "--hsts" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_proxy_that_is_none_is_refused(tmp_path: Path) -> None:
    done = hipkit(tmp_path, "serve", "--trusted-proxy", "everybody")
    assert done.returncode == 2
    assert "must be an IP address or a network" in done.stderr


def test_health_and_readiness_need_no_token_and_count_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for path in ("/health", "/ready"):
            status, headers, body = get(server, path)
            assert (status, body) == (200, {"status": "ok"})
            assert "X-Ratelimit-Limit" not in headers
            assert headers["Cache-Control"] == "no-store"
        assert server.raw(
            b"HEAD /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        ).endswith(b"\r\n\r\n")
        refused = server.raw(
            b"POST /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert refused.startswith(b"HTTP/1.1 405 ")


def test_a_server_that_cannot_write_is_alive_and_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        lock = sqlite3.connect(tmp_path / "chat.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        status, headers, body = get(server, "/ready")
        assert status == 503
        assert body["problems"] == ["the database does not answer"]
        assert headers["Retry-After"]
        assert get(server, "/health")[0] == 200
        lock.execute("ROLLBACK")
        lock.close()
        wait_until(lambda: get(server, "/ready")[0] == 200)


def test_a_server_whose_disk_takes_no_bytes_is_alive_and_not_ready(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        assert get(server, "/ready")[0] == 200
        before = resource.prlimit(
            server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)
        )
        wait_until(lambda: get(server, "/ready")[0] == 503)
        status, _, body = get(server, "/ready")
        assert (status, body["problems"]) == (
            503,
            ["the database cannot be read and written"],
        )
        assert get(server, "/health")[0] == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
        wait_until(lambda: get(server, "/ready")[0] == 200)


def begin_message(server: Running) -> socket.socket:
    """Send a message but for its last byte."""
    body = b'{"message": "the last words"}'
    connection = socket.create_connection(
        ("127.0.0.1", port_of(server)), timeout=PATIENCE_SECONDS
    )
    connection.sendall(
        b"POST /v2/room/Ops/message HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
        % (server.token.encode(), len(body))
        + body[:-1]
    )
    return connection


def test_what_is_under_way_is_finished(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("POST", "/room", {"name": "Ops"})[0] == 201
        with begin_message(server) as connection:
            assert get(server, "/health")[0] == 200
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not listens(server))
            connection.sendall(b"}")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(PATIENCE_SECONDS) == 0
    with serving(tmp_path) as server:
        _, _, history = server.call("GET", "/room/Ops/history")
        assert b"the last words" in history


def listens(server: Running) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port_of(server)), timeout=1).close()
        return True
    return False


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("POST", "/room", {"name": "Ops"})[0] == 201
        with begin_message(server):
            assert get(server, "/health")[0] == 200
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not listens(server))
            began = time.monotonic()
            server.process.send_signal(signal.SIGINT)
            server.process.wait(PATIENCE_SECONDS)
            assert time.monotonic() - began < 5


def test_the_log_holds_nothing_that_was_sent(tmp_path: Path) -> None:
    secret = "s3cr3t-of-somebody"
    with serving(tmp_path, "--verbose") as server:
        server.call("POST", "/room", {"name": "Ops"})
        message = {"message": f"text {secret}"}
        server.call("POST", f"/room/Ops/message?auth_token={secret}", message)
        server.call("GET", f"/room/{secret}/history", token=secret)
        server.call("DELETE", f"/oauth/token/{secret}")
        server.raw(f"GET /{secret} HTTP/9.9\r\n{secret}\r\n\r\n".encode())
        server.raw(f"{secret} {secret}\r\n\r\n".encode())
        server.raw(
            f"GET /{secret} HTTP/1.1\r\nHost: x\r\nUpgrade: {secret}\r\nConnection: upgrade, close"
            f"\r\nCookie: {secret}\r\n\r\n".encode()
        )
        server.raw(
            f"POST /sign-in?next={secret} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Length: {len(secret)}\r\n\r\n{secret}".encode()
        )
        assert server.stop() == 0
        shown = "".join(server.stderr_lines)
    assert secret not in shown
    assert server.token not in shown
    assert "send_message: 201" in shown


def test_many_looks_at_readiness_are_one(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        found: list[int] = []
        looks = [
            threading.Thread(target=lambda: found.append(get(server, "/ready")[0]))
            for _ in range(20)
        ]
        for look in looks:
            look.start()
        for look in looks:
            look.join()
        assert found == [200] * 20
