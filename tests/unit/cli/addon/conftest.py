"""Descriptors and add-ons in the current folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.descriptors.examples import CORRECT

KARMA = r"""
from hipkit.addon import AddOn, Message

addon = AddOn(key="com.example.karma", name="Karma", scopes=["send_notification"])


@addon.on_message(r"^/karma (?P<name>@\w+)")
async def karma(message: Message, name: str) -> str:
    return f"{name} has one more"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder: with `good.json`, and the module `karma`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "good.json").write_text(json.dumps(CORRECT))
    (tmp_path / "karma.py").write_text(KARMA)
    before = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - before:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]
