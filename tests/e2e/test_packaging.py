"""What a user gets: the wheel alone, in an empty environment, once for every extra."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

EXTRAS = [
    "",
    "fast",
    "otel",
    "cli",
    "addon",
    "server",
    "relay",
    "postgres",
    "metrics",
    "apprise",
]

SEND_IN_MEMORY = """
from hipkit import HipChat
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse

requests = []

def answer(request):
    requests.append(request)
    return RawResponse(204, {})

with HipChat("token", base_url="http://localhost/v2", transport=MemoryTransport(answer)) as hipchat:
    hipchat.rooms.send_room_notification("Dev Ops", message="Hello HipChat!")
print(requests[0].method, requests[0].target)
"""

USE_PYCURL = """
from hipkit import ConnectError, HipChat

with HipChat("token", base_url="http://127.0.0.1:1/v2", transport="pycurl", retries=0) as hipchat:
    try:
        hipchat.rooms.get_room("ops")
    except ConnectError as error:
        print(type(error).__name__)
"""


class Install:
    """An environment that holds hipkit, from its wheel, and nothing else by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs, far from the repository."""
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture(scope="session")
def built(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build as `make dist` does: the sdist, and from that the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), "."],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def install(
    repository: Path, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Install]:
    made: dict[str, Install] = {}

    def make(extra: str) -> Install:
        if extra not in made:
            folder = tmp_path_factory.mktemp("empty") / (extra or "base")
            uv: list[str | Path] = [repository / ".tools" / "bin" / "uv", "--quiet"]
            environment = os.environ | {"UV_SYSTEM_CERTS": "true"}
            wheel = next(built.glob("*.whl")).as_uri()
            wanted = f"hipkit[{extra}] @ {wheel}" if extra else f"hipkit @ {wheel}"
            locked = repository / "requirements" / "dev.txt"
            commands: list[list[str | Path]] = [
                [*uv, "venv", "--python", sys.executable, folder],
                [
                    *uv,
                    "pip",
                    "install",
                    "--python",
                    folder,
                    "--constraint",
                    locked,
                    wanted,
                ],
            ]
            for command in commands:
                subprocess.run(command, env=environment, check=True)
            made[extra] = Install(folder)
        return made[extra]

    return make


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_install_sends(extra: str, install: Callable[[str], Install]) -> None:
    done = install(extra).run("python", "-W", "error", "-c", SEND_IN_MEMORY)
    assert done.stderr == ""
    assert done.stdout == "POST /v2/room/Dev%20Ops/notification\n"


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_install_brings_as_many_packages_as_the_docs_say(
    extra: str, install: Callable[[str], Install], repository: Path
) -> None:
    name = f"hipkit[{extra}]" if extra else "hipkit"
    page = (repository / "docs" / "explanation" / "dependencies.md").read_text()
    stated = re.search(rf"^\| `{re.escape(name)}` \| (\d+) \|", page, re.MULTILINE)
    assert stated is not None, f"the page does not list {name}"
    listing = (
        "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    )
    found = set(install(extra).run("python", "-c", listing).stdout.split())
    assert len(found - {"hipkit"}) == int(stated[1]), sorted(found)


WITHOUT_LIBPQ = """
import ctypes.util

ctypes.util.find_library = lambda name: None
import psycopg

print(psycopg.pq.__impl__)
"""


def test_postgresql_needs_no_library_of_the_system(
    install: Callable[[str], Install],
) -> None:
    postgres = install("postgres")
    done = postgres.run("python", "-c", WITHOUT_LIBPQ)
    assert done.stdout == "binary\n"

    # Which is what the packages' own library is for: without it, nothing starts.
    plain = WITHOUT_LIBPQ.replace(
        "import psycopg",
        "import os; os.environ['PSYCOPG_IMPL'] = 'python'; import psycopg",
    )
    done = postgres.run("python", "-c", plain)
    assert "libpq library not found" in done.stderr


def test_the_command_without_its_extra_says_what_to_install(
    install: Callable[[str], Install],
) -> None:
    done = install("").run("hipkit", "send", "ops", "hello")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "pip install '.[cli]'" in done.stderr


def test_a_transport_without_its_extra_says_what_to_install(
    install: Callable[[str], Install],
) -> None:
    done = install("").run("python", "-c", USE_PYCURL)
    assert done.returncode == 1
    assert "pip install '.[fast]'" in done.stderr.splitlines()[-1]


def test_the_fast_extra_brings_pycurl(install: Callable[[str], Install]) -> None:
    done = install("fast").run("python", "-c", USE_PYCURL)
    assert (done.stdout, done.stderr) == ("ConnectError\n", "")


def test_the_cli_extra_brings_the_command(install: Callable[[str], Install]) -> None:
    done = install("cli").run("hipkit", "--help")
    assert done.returncode == 0
    assert "send" in done.stdout


def test_serving_without_its_extra_says_what_to_install(
    install: Callable[[str], Install],
) -> None:
    for words in (["serve"], ["admin", "ca", "chat.example.com"]):
        done = install("cli").run("hipkit", *words)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "pip install '.[server]'" in done.stderr


def test_checking_a_descriptor_without_its_extra_says_what_to_install(
    install: Callable[[str], Install],
) -> None:
    for descriptor in ("data:,{}", "json:addon"):
        done = install("cli").run("hipkit", "addon", "check", descriptor)
        assert done.returncode == 2
        assert "pip install '.[addon]'" in done.stderr


def test_the_server_extra_brings_serve(install: Callable[[str], Install]) -> None:
    done = install("server").run("hipkit", "serve", "--help")
    assert done.returncode == 0
    assert "--port" in done.stdout


def test_metrics_without_their_extra_say_what_to_install(
    install: Callable[[str], Install],
) -> None:
    done = install("server").run("hipkit", "serve", "--metrics", "0")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "pip install '.[metrics]'" in done.stderr


def test_the_wheel_holds_the_package_and_its_types(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = wheel.namelist()
    assert "hipkit/py.typed" in names
    assert any(name.endswith(".sql") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert all(name.startswith(("hipkit/", "hipkit-")) for name in names)


def test_the_sdist_holds_what_building_and_testing_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    needed = {
        ".ci/run",
        ".dockerignore",
        ".editorconfig",
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Dockerfile",
        "LICENSE",
        "Makefile",
        "README.md",
        "SECURITY.md",
        "benchmarks/__main__.py",
        "codegen/__main__.py",
        "conftest.py",
        "docs/explanation/design.md",
        "examples/demo.py",
        "mkdocs.yml",
        "pyproject.toml",
        "requirements/dev.txt",
        "requirements/clients/python.in",
        "scripts/try_archive.sh",
        "sourcefiles/files.py",
        "spec/hipchat-v2.yaml",
        "src/hipkit/v2/rooms.py",
        "tests/conftest.py",
        "twins/__main__.py",
    }
    assert needed <= names
