"""A database of its own for every test of `hipkit admin`, and commands on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from tests.unit.cli.conftest import Hipkit, Outcome

__all__ = ["Admin", "Run"]

Run = Callable[..., Outcome]
Admin = Callable[..., Any]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "chat.db"
    asyncio.run(open_server(Settings(database=path, durable=False))).close()
    return path


@pytest.fixture
def run(hipkit: Hipkit, database: Path) -> Run:
    def call(*arguments: str, stdin: bytes = b"") -> Outcome:
        return hipkit("admin", "--db", str(database), *arguments, stdin=stdin)

    return call


@pytest.fixture
def run_json(run: Run) -> Admin:
    """Run a command that works, and return the JSON that it prints."""

    def call(*arguments: str, stdin: bytes = b"") -> Any:
        done = run(*arguments, "--json", stdin=stdin)
        assert done.code == 0, done.err
        assert done.err == ""
        return done.json

    return call
