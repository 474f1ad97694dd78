from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.cli.download import _file_name
from tests.scripted import answer
from tests.unit.cli.conftest import Hipkit, Server

DATA = b"all is well"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def message(name: str | None, number: int = 1, size: int = len(DATA)) -> object:
    file = {"name": name, "size": size, "url": "https://chat.example.com/f/1"}
    return {
        "id": f"message-{number}",
        "date": f"2016-09-09T12:30:0{number}+00:00",
        "from": "Jane",
        "message": "a file",
        "type": "message",
        **({"file": file} if name is not None else {}),
    }


def test_the_file_of_a_message_gets_its_own_name(
    server: Server, hipkit: Hipkit, here: Path
) -> None:
    server.answer({"message": message("report.txt")}, answer(DATA))

    ended = hipkit("download", "Dev Ops", "message-1")

    assert (ended.code, ended.out) == (0, "report.txt: 11 bytes\n")
    assert (here / "report.txt").read_bytes() == DATA
    assert server.targets[0] == "/v2/room/Dev%20Ops/history/message-1"


def test_without_a_message_the_latest_file_is_taken(
    server: Server, hipkit: Hipkit, here: Path
) -> None:
    items = [message(None, 3), message("new.txt", 2), message("old.txt", 1)]
    server.answer({"items": items, "startIndex": 0, "maxResults": 100}, answer(DATA))

    ended = hipkit("download", "ops", "--json")

    assert ended.json == {"path": "new.txt", "bytes": 11}


def test_a_room_or_message_without_a_file_is_an_error(
    server: Server, hipkit: Hipkit, here: Path
) -> None:
    server.answer({"items": [message(None)]}, {"items": []})
    assert "none of the latest 1,000 messages" in hipkit("download", "ops").err

    server.answer({"message": message(None)})
    ended = hipkit("download", "ops", "message-1")
    assert (ended.code, "shares no file" in ended.err) == (2, True)


def test_a_file_that_exists_is_replaced_only_with_force(
    server: Server, hipkit: Hipkit, here: Path
) -> None:
    (here / "report.txt").write_text("mine")
    server.answer({"message": message("report.txt")}, answer(DATA))
    ended = hipkit("download", "ops", "message-1")
    assert (ended.code, "--force" in ended.err) == (2, True)
    assert (here / "report.txt").read_text() == "mine"

    server.answer({"message": message("report.txt")}, answer(DATA))
    assert hipkit("download", "ops", "message-1", "--force").code == 0
    assert (here / "report.txt").read_bytes() == DATA


@pytest.mark.parametrize(
    ("output", "expected"), [("other.txt", "other.txt"), ("folder", "folder/a.txt")]
)
def test_output_names_a_file_or_a_folder(
    server: Server, hipkit: Hipkit, here: Path, output: str, expected: str
) -> None:
    (here / "folder").mkdir()
    server.answer({"message": message("a.txt")}, answer(DATA))

    assert hipkit("download", "ops", "message-1", "--output", output).code == 0
    assert (here / expected).read_bytes() == DATA


def test_a_dash_writes_the_file_to_standard_output(
    server: Server, hipkit: Hipkit, here: Path
) -> None:
    server.answer({"message": message("a.txt")}, answer(DATA))

    assert hipkit("download", "ops", "message-1", "-o", "-").out == DATA.decode()
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("shown", "saved"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\evil.exe", "evil.exe"),
        (".bashrc", "bashrc"),
        ("..", "file"),
        ("", "file"),
        ("a\x1b[2Jb\n.txt", "a_[2Jb_.txt"),
        ("\ud800", "_"),
        ("x" * 500 + ".txt", "x" * 196 + ".txt"),
        ("x." + "y" * 199, "y" * 199),
        ("\U0001f600" * 99 + "a.txt", "\U0001f600" * 48 + "a.txt"),
        ("photo_\u202egpj.exe", "photo__gpj.exe"),
        ("gr\u00fc\u00dfe.txt", "gr\u00fc\u00dfe.txt"),
    ],
)
def test_a_senders_name_stays_in_the_folder(shown: str, saved: str) -> None:
    assert _file_name(shown) == saved
