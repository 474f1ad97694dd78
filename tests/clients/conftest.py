"""Sets up what programs of others are tried in; see `tests/clients/__main__.py`."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients.network import HIPCHAT, in_own_network
from tests.clients.relay import Relay
from tests.clients.setting import prepare
from tests.clients.surroundings import AUTHORITY, REPOSITORY, Surroundings
from tests.e2e.serving import hipkit, serving

RECORDINGS = REPOSITORY / "tests/data/programs"
HTTPS_PORT = 443
# Add-ons listen on this machine; the older framework checks a signature only in an address.
FOR_ADD_ONS = ("--webhook-network", "127.0.0.0/8", "--webhook-signed-request")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="write what the programs send as data"
    )


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Set a server up, and return its folder and what programs know of it."""
    folder = tmp_path_factory.mktemp("prepared")
    with serving(folder) as server:
        names = prepare(folder, server)
        server.stop()
    made = hipkit(folder, "admin", "ca", HIPCHAT, "localhost")
    assert made.returncode == 0, made.stderr
    return folder, names


@pytest.fixture
def place(
    prepared: tuple[Path, dict[str, str]],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> Iterator[Surroundings]:
    folder, names = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))
    relay = Relay()
    with relay.listening(context, HTTPS_PORT if in_own_network() else 0) as port:
        host = HIPCHAT if in_own_network() else f"localhost:{port}"
        names = names | {"root": f"https://{host}", "host": host}
        with serving(tmp_path, "--public-url", names["root"], *FOR_ADD_ONS) as server:
            address = urlsplit(server.base_url)
            relay.server = (address.hostname or "", address.port or 0)
            yield Surroundings(
                folder=tmp_path,
                server=server,
                relay=relay,
                names=names,
                recordings=RECORDINGS if pytestconfig.getoption("record") else None,
            )
            server.stop()
            assert "Traceback" not in "".join(server.stderr_lines)


@pytest.fixture
def place_without_relay(
    prepared: tuple[Path, dict[str, str]], tmp_path: Path
) -> Iterator[Surroundings]:
    """A server that speaks TLS itself and knows its address only from those who call it."""
    if not in_own_network():
        pytest.skip(f"this machine cannot be {HIPCHAT}: no network can be made")
    folder, names = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    chain, key = map(str, certificate(tmp_path))
    options = ("--port", str(HTTPS_PORT), "--tls-cert", chain, "--tls-key", key)
    with serving(tmp_path, *options) as server:
        yield Surroundings(
            folder=tmp_path,
            server=server,
            relay=Relay(),
            names=names | {"root": f"https://{HIPCHAT}", "host": HIPCHAT},
            recordings=None,
        )


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return the server's certificate and its key."""
    return folder / AUTHORITY / "server.pem", folder / AUTHORITY / "server-key.pem"
