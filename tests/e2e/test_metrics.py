"""Metrics of a real server, as Prometheus's own parser reads them."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.e2e.serving import HIPKIT, PATIENCE_SECONDS, Running, hipkit, serving

SECRETS = {
    name: f"s3cret-{name}"
    for name in ("token", "room", "message", "user", "hook", "signature")
}
REPOSITORY = Path(__file__).resolve().parents[2]
SERVE_AND_SHOW_MODULES = (
    "import atexit, sys;"
    "atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
    "from hipkit.cli import main; main()"
)
PAGE = REPOSITORY / "docs" / "reference" / "metrics.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \| (.*?) ?\| ", re.M)

RELAY = """
[[route]]
name = "ops"
rooms = ["Dev *"]
to = "webhook"
url = "file:hook"
secret = "file:signature"
allow_private_network = true

[[route]]
name = "nowhere"
rooms = ["Dev *"]
to = "webhook"
url = "file:closed"
secret = "file:signature"
allow_private_network = true
"""


class Accepting(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *values: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Accepting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def scrape(url: str, method: str = "GET") -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS
    )
    with contextlib.closing(connection):
        connection.request(method, parts.path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode()


def samples(text: str) -> list[Sample]:
    return [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def wait_for(condition: Callable[[], bool]) -> None:
    ticks = threading.Event()
    for _ in range(PATIENCE_SECONDS * 10):
        if condition():
            return
        ticks.wait(0.1)
    raise AssertionError("it did not happen")


def metrics_url(server: Running) -> str:
    assert server.process.stdout is not None
    for line in server.process.stdout:
        if line.startswith("metrics are at "):
            return line.split()[-1]
    raise AssertionError(server.stderr_lines)


def use(server: Running, receiver: str) -> None:
    """Do what fills every metric, with secrets wherever a caller can put one."""
    room = f"Dev {SECRETS['room']}"
    token = SECRETS["token"]
    assert server.call("POST", "/room", {"name": room})[0] == 201
    path = f"/room/{quote(room)}"
    hook = {"url": f"{receiver}/{SECRETS['hook']}", "event": "room_message"}
    assert server.call("POST", f"{path}/webhook", hook)[0] == 201
    said = {"message": SECRETS["message"]}
    assert server.call("POST", f"{path}/message", said)[0] == 201
    assert server.call("GET", f"/user/@{SECRETS['user']}")[0] == 404
    for target in (
        f"/v1/rooms/list?auth_token={token}",
        f"/v2/room?auth_token={token}",
        f"/v2/oauth/token/{token}",
        f"/v2/{token}",
        f"/{token}?auth_token={token}",
        f"/v1/rooms/list?auth_token={server.token}",
    ):
        server.raw(
            f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
    # One more than the limit allows.
    while server.call("GET", "/room")[0] != 429:
        pass


@pytest.fixture(scope="module")
def scraped(receiver: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a server exposes that was used, once its deliveries were tried."""
    folder = tmp_path_factory.mktemp("metrics")
    files = {
        "hook": f"{receiver}/{SECRETS['hook']}",
        "closed": f"http://127.0.0.1:1/{SECRETS['hook']}",
        "signature": f"{SECRETS['signature']}-which-is-long-enough",
    }
    for name, text in files.items():
        (folder / name).write_text(text + "\n")
        (folder / name).chmod(0o600)
    (folder / "relay.toml").write_text(RELAY)
    options = (
        *("--relay", "relay.toml", "--metrics", "0", "--user-calls", "20"),
        *("--webhook-network", "127.0.0.0/8"),
    )
    with serving(folder, *options) as server:
        url = metrics_url(server)
        use(server, receiver)

        def is_all_tried() -> bool:
            tried = {
                (sample.labels["kind"], sample.labels["outcome"])
                for sample in samples(scrape(url))
                if sample.name == "hipkit_deliveries_total"
            }
            return tried >= {
                ("webhook", "delivered"),
                ("route", "delivered"),
                ("route", "waiting"),
            }

        wait_for(is_all_tried)
        # What is read of the database is up to a second old.
        wait_for(lambda: 'hipkit_relay_waiting{route="ops"} 0.0' in scrape(url))
        found = scrape(url)
        for secret in (*SECRETS.values(), server.token):
            assert secret not in found
        assert server.stop() == 0
    return found


def test_every_documented_metric_is_exposed_and_no_other(scraped: str) -> None:
    documented = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in ROW.findall(PAGE.read_text())
    }
    assert len(documented) > 25
    exposed: dict[str, tuple[str, set[str]]] = {}
    for family in text_string_to_metric_families(scraped):
        suffix = "_total" if family.type == "counter" else ""
        labels = {label for sample in family.samples for label in sample.labels}
        exposed[family.name + suffix] = family.type, labels - {"le"}
    assert exposed == documented


def test_what_was_done_is_counted(scraped: str) -> None:
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for sample in samples(scraped)
    }
    assert found["hipkit_ready",] == 1
    assert found["hipkit_limits_exceeded_total", "user calls"] >= 1
    calls = "hipkit_call_duration_seconds_count"
    assert found[calls, "2xx", "create_room", "v2"] == 1
    assert found[calls, "2xx", "rooms_list", "v1"] == 1
    assert found[calls, "4xx", "unknown", "v2"] >= 2
    assert found["hipkit_relay_messages_total", "delivered", "ops"] == 1
    assert found["hipkit_relay_waiting", "nowhere"] == 1
    assert found["hipkit_relay_oldest_waiting_seconds", "nowhere"] > 0
    assert found["hipkit_relay_failing", "nowhere"] == 1
    assert found["hipkit_relay_failing", "ops"] == 0
    assert found["hipkit_webhooks", "working"] == 1


@pytest.mark.parametrize("options", [(), ("--metrics", "0")])
def test_the_library_is_loaded_for_metrics_alone(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    command = (sys.executable, "-c", SERVE_AND_SHOW_MODULES, "serve")
    with serving(tmp_path, *options, command=command) as server:
        assert server.stop() == 0
    is_loaded = "prometheus_client" in "".join(server.stderr_lines).split()
    assert is_loaded is bool(options)


def test_the_server_s_own_port_exposes_no_metrics(tmp_path: Path) -> None:
    with serving(tmp_path, "--metrics", "0") as server:
        answer = server.raw(
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert b"hipkit_ready" not in answer
        assert b"hipkit_ready" in scrape(metrics_url(server)).encode()


def test_metrics_are_answered_while_the_database_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, "--metrics", "127.0.0.1:0") as server:
        url = metrics_url(server)
        assert "\nhipkit_ready 1.0\n" in scrape(url)
        lock = sqlite3.connect(tmp_path / "chat.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        wait_for(lambda: "\nhipkit_ready 0.0\n" in scrape(url))
        lock.execute("ROLLBACK")
        lock.close()
        wait_for(lambda: "\nhipkit_ready 1.0\n" in scrape(url))


def test_a_relay_counts_what_old_programs_send_and_not_who_they_are(
    tmp_path: Path, receiver: str
) -> None:
    for name in ("hook", "closed", "signature"):
        (tmp_path / name).write_text(f"{receiver}/{SECRETS['hook']}-long-enough\n")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "relay.toml").write_text(RELAY)
    command = (*HIPKIT, "relay", "relay.toml")
    with serving(tmp_path, "--metrics", "0", command=command) as server:
        url = metrics_url(server)
        token, room = SECRETS["token"], f"Dev%20{SECRETS['room']}"
        answer = server.raw(
            f"GET /v1/rooms/message?auth_token={token}&room_id={room}&from=CI&message=hi"
            " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        assert answer.startswith(b"HTTP/1.1 200")
        delivered = 'hipkit_deliveries_total{kind="route",outcome="delivered"} 2.0'
        wait_for(lambda: delivered in scrape(url))
        found = scrape(url)
        assert 'operation="rooms_message_by_get"' in found
        for secret in SECRETS.values():
            assert secret not in found


def test_the_url_is_among_the_facts_and_a_connection_does_not_hold_the_end_up(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, "--metrics", "0", "--json") as server:
        # `serving` reads the first line, which is all of it.
        facts = json.loads(server.base_url)
        parts = urlsplit(facts["metrics_url"])
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        connection.request("GET", parts.path)
        assert connection.getresponse().read()
        assert server.stop() == 0
        connection.close()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with serving(tmp_path, "--metrics", "0") as server:
        address = urlsplit(metrics_url(server)).netloc
        done = hipkit(
            tmp_path, "serve", "--db", "b.db", "--port", "0", "--metrics", address
        )
    assert done.returncode != 0
    assert address in done.stderr
    assert not (tmp_path / "b.db").exists()
