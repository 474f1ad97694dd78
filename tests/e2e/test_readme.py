"""Follows README.md as a new user would: its commands and programs, in order."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_SECONDS = 120.0


def blocks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(sh|python)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    scripts = Path(sys.executable).parent
    kept = {
        name: value for name, value in os.environ.items() if name in ("LANG", "HOME")
    }
    return {
        **kept,
        "PATH": f"{scripts}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "COLUMNS": "80",
    }


@pytest.fixture
def port(tmp_path: Path, environment: dict[str, str]) -> Iterator[int]:
    """Start the server as README.md says, on a port that is free here."""
    port = free_port()
    command = ["hipkit", "serve", "--db", "hipkit.db", "--port", str(port)]
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until_ready(tmp_path / "hipkit.db.admin-token", server)
        yield port
    finally:
        server.terminate()
        output, _ = server.communicate(timeout=START_SECONDS)
    token = (tmp_path / "hipkit.db.admin-token").read_text().strip()
    assert token not in output


def wait_until_ready(token_file: Path, server: subprocess.Popen[str]) -> None:
    """Wait for what a reader waits for: the token. The port listens from before that on."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if token_file.exists() and token_file.stat().st_size:
            return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


def test_readme_followed_to_the_letter_works(
    repository: Path, tmp_path: Path, environment: dict[str, str], port: int
) -> None:
    script = ["set -eu"]
    found = blocks((repository / "README.md").read_text(encoding="utf-8"))
    for number, (kind, text) in enumerate(found):
        if kind == "python":
            (tmp_path / f"example_{number}.py").write_text(text, encoding="utf-8")
            script.append(f"python -W error example_{number}.py")
        else:
            # Installing and starting were done above, and the two commands are what runs this.
            already = (
                "make ",
                "python3 -m venv",
                ". venv",
                "pip install",
                "hipkit serve",
            )
            lines = [line for line in text.splitlines() if not line.startswith(already)]
            script += [line.replace(":8070", f":{port}") for line in lines]
    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for said in (
        "Hello HipChat!",
        "Hello again!",
        "The add-on says hello",
        "And again, with a token that renews itself",
    ):
        assert said in done.stdout


def test_every_local_link_of_the_front_pages_leads_somewhere(repository: Path) -> None:
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "spec/README.md",
    ):
        text = (repository / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in target:
                assert ((repository / page).parent / target).exists(), (
                    f"{page}: {target}"
                )
