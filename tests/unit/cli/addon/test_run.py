"""`hipkit addon run` before anything runs; `tests/e2e/test_addon_run.py` has the rest."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Hipkit


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing:addon", "nothing cannot be imported: there is no such module"),
        ("karma:adon", "did you mean addon?"),
        ("karma", "an add-on is named module:addon"),
    ],
)
def test_an_add_on_that_cannot_be_loaded_is_named(
    hipkit: Hipkit, folder: Path, name: str, said: str
) -> None:
    done = hipkit("addon", "run", name)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--port", "--addon-port"])
def test_a_port_that_is_taken_is_named(
    hipkit: Hipkit, folder: Path, option: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ports = {"--port": "0", "--addon-port": "0", option: port}
        options = [part for pair in ports.items() for part in pair]

        done = hipkit("addon", "run", "karma:addon", *options, "--folder", "data")

    assert done.code == 1
    assert f"127.0.0.1:{port}" in done.err
    assert not Path("data").exists()
