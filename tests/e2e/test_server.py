"""`hipkit serve` as a process: from its first line to its end, and what lasts beyond that."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket
import threading
from pathlib import Path

import pytest

from hipkit.server.storage.blobs import BlobStore
from tests.e2e.serving import Running, hipkit, serving


def bodies(server: Running, room: str) -> list[str]:
    found: list[str] = []
    start = 0
    while True:
        path = (
            f"/room/{room}/history?date=2100-01-01T00:00:00Z&reverse=false"
            f"&max-results=1000&start-index={start}"
        )
        items = json.loads(server.call("GET", path)[2])["items"]
        found += [item["message"] for item in items]
        if len(items) < 1000:
            return found
        start += 1000


@pytest.mark.parametrize(
    "request_line",
    [b"GET /v2/room ops HTTP/1.1", b"GET /v2/" + b"x" * 70_000 + b" HTTP/1.1", b"\0"],
    ids=["a raw space", "too long", "no HTTP"],
)
def test_what_is_no_http_request_is_refused_in_hipchats_form(
    tmp_path: Path, request_line: bytes
) -> None:
    with serving(tmp_path) as server:
        answer = server.raw(request_line + b"\r\nHost: x\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nContent-Type: application/json\r\n" in head
    assert b"\r\nX-Ratelimit-Limit: 100\r\n" in head
    assert json.loads(body)["error"]["code"] == 400


def test_offers_of_another_protocol_cost_no_notification(tmp_path: Path) -> None:
    offers = sorted(Path("tests/data/requests").glob("*.http"))
    with serving(tmp_path, "--no-rate-limits") as server:
        server.call("POST", "/room", {"name": "ops"})
        token = server.token.encode()
        last = b"GET /v2/room/ops HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        for offer in offers:
            request = offer.read_bytes().replace(b"TOKEN", token)
            answer = server.raw(request + last)
            assert b"HTTP/1.1 204 No Content\r\n" in answer, offer
            assert b"HTTP/1.1 401 Unauthorized\r\n" in answer, offer

        assert len(bodies(server, "ops")) == len(offers)
        assert "WARNING" not in "".join(server.stderr_lines)


def test_it_says_where_it_serves_and_never_the_token(tmp_path: Path) -> None:
    with serving(
        tmp_path, "--group", "Acme", "--admin-email", "root@acme.test"
    ) as server:
        status, _, body = server.call("GET", "/group/1")
        code = server.stop(signal.SIGINT)

    assert (status, json.loads(body)["name"]) == (200, "Acme")
    assert code == 0
    shown = "".join(server.stderr_lines)
    assert "chat.db.admin-token" in shown
    assert server.token not in shown
    assert "Traceback" not in shown


def test_a_second_start_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.call("POST", "/room", {"name": "Ops"})
        assert server.stop() == 0

    with serving(tmp_path) as server:
        assert server.call("GET", "/room/Ops")[0] == 200
        assert server.stderr_lines == []


def test_limit_headers_have_hipchats_spelling(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        _, headers, _ = server.call("GET", "/room")

    names = [name for name, _ in headers]
    assert "X-Ratelimit-Limit" in names
    assert "X-Ratelimit-Remaining" in names
    assert "X-Ratelimit-Reset" in names


def test_a_connection_serves_many_calls(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-rate-limits") as server:
        server.call("POST", "/room", {"name": "Ops"})
        connection = server.connect()
        headers = {
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "application/json",
        }
        for number in range(20):
            body = json.dumps({"message": str(number)})
            connection.request("POST", "/v2/room/Ops/notification", body, headers)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (204, b"")
            connection.request("HEAD", "/v2/room/Ops", headers=headers)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
        connection.close()

        assert len(bodies(server, "Ops")) == 20


def test_hostile_requests_break_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-rate-limits") as server:
        for request in (
            b"garbage\r\n\r\n",
            b"GET /v2/room HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100_000,
            b"GET /" + b"a" * 500_000,
            b"GET /v2/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"POST /v2/room HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        ):
            answer = server.raw(request)
            assert b"Traceback" not in answer
            assert answer == b"" or answer.split()[1] in (
                b"400",
                b"404",
                b"405",
                b"401",
            )
        assert server.call("GET", "/room")[0] == 200
        assert server.stop() == 0
    assert "Traceback" not in "".join(server.stderr_lines)


def test_a_client_that_hangs_up_early_breaks_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        address = server.connect()
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(
                b"POST /v2/room HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + f"Authorization: Bearer {server.token}\r\n".encode()
                + b"Content-Length: 1000\r\n\r\n{"
            )
        assert server.call("GET", "/room")[0] == 200
        assert server.stop() == 0


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    sent: list[str] = []
    with serving(tmp_path, "--no-rate-limits") as server:
        server.call("POST", "/room", {"name": "Ops"})

        headers = {
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "application/json",
        }

        def post(writer: int) -> None:
            with contextlib.closing(server.connect()) as connection:
                for number in range(100_000):
                    text = f"{writer}-{number}"
                    body = json.dumps({"message": text})
                    try:
                        connection.request(
                            "POST", "/v2/room/Ops/message", body, headers
                        )
                        answer = connection.getresponse()
                        answer.read()
                    except (OSError, http.client.HTTPException):
                        return
                    if answer.status == 201:
                        sent.append(text)

        writers = [threading.Thread(target=post, args=(n,)) for n in range(8)]
        for writer in writers:
            writer.start()
        while len(sent) < 200 and any(writer.is_alive() for writer in writers):
            writers[0].join(0.01)
        server.process.kill()
        for writer in writers:
            writer.join()

    with serving(tmp_path) as server:
        stored = bodies(server, "Ops")

    assert len(sent) >= 200
    assert set(sent) <= set(stored)
    assert len(stored) == len(set(stored))


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--db", "junk.db"], "junk.db: not a hipkit database"),
        (["--db", "missing/chat.db"], "missing/chat.db: cannot be opened"),
        (["--port", "99999"], "--port"),
        (["--host", "203.0.113.1"], "203.0.113.1"),
        (["--public-url", "chat.example.com"], "--public-url"),
    ],
)
def test_what_prevents_a_start_is_reported_in_one_line(
    tmp_path: Path, options: list[str], shown: str
) -> None:
    (tmp_path / "junk.db").write_bytes(b"junk" * 100)

    done = hipkit(tmp_path, "serve", "--port", "0", *options)

    assert done.returncode != 0
    assert shown in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_what_died_on_its_way_is_cleared_at_the_next_start(tmp_path: Path) -> None:
    files = BlobStore(tmp_path / "chat.db.files")
    key = files.save(b"its row was never committed")
    part = files.path / f"{key}.part"
    part.write_bytes(b"half an upl")

    with serving(tmp_path) as server:
        assert server.stop() == 0

    assert not part.exists()
    assert files.find(key) is None
    assert (files.path / "orphans" / key).is_file()
    assert "1 file" in "".join(server.stderr_lines)


def test_a_second_server_on_the_same_database_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        second = hipkit(tmp_path, "serve", "--port", "0", "--db", "chat.db")
        status = server.call("GET", "/room")[0]

    assert (second.returncode, status) == (1, 200)
    assert "chat.db: another server runs on it" in second.stderr
    assert second.stderr.count("\n") == 1


def test_what_listens_everywhere_is_named_by_its_machine(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0") as server:  # noqa: S104 - that is the point
        server.stop()

    (link,) = re.findall(r"\S+/set-password\?key=", "".join(server.stderr_lines))
    assert link.startswith(f"http://{socket.gethostname()}:")


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = hipkit(tmp_path, "serve", "--port", str(port))

    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_links_have_the_address_that_was_set(tmp_path: Path) -> None:
    with serving(tmp_path, "--public-url", "https://chat.example.com/") as server:
        _, _, body = server.call("POST", "/room", {"name": "Ops"})

    assert json.loads(body)["links"]["self"] == "https://chat.example.com/v2/room/1"
