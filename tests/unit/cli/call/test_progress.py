from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hipkit.cli.call.progress import (
    WORTH_SHOWING_BYTES,
    counted,
    open_upload,
    transfer_bar,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # Not a fixture: pytest sets its own standard error again before each test's body.
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    path = tmp_path / "large [red].bin"
    with path.open("wb") as file:
        file.truncate(WORTH_SHOWING_BYTES)
    return path


def test_without_a_terminal_there_is_no_progress_bar(
    large_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_upload(large_file) as file:
        assert file.size_bytes == WORTH_SHOWING_BYTES

    assert capsys.readouterr().err == ""


def test_on_a_terminal_a_large_file_has_a_progress_bar(
    large_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal(monkeypatch)
    with open_upload(large_file) as file:
        assert file.name == large_file.name
        assert sum(map(len, file.chunks())) == WORTH_SHOWING_BYTES

    assert "large [red].bin" in terminal.getvalue()


def test_on_a_terminal_a_small_file_has_no_progress_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal(monkeypatch)
    path = tmp_path / "small.bin"
    path.write_bytes(b"few bytes")

    with open_upload(path) as file:
        assert b"".join(file.chunks()) == b"few bytes"

    assert terminal.getvalue() == ""


def test_a_transfer_of_unknown_size_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with transfer_bar("a\x1b[2J.bin", None) as report:
        assert report is not None
        report(5, None)

    assert "a\\x1b[2J.bin" in terminal.getvalue()


def test_a_large_upload_can_be_sent_again(
    large_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_terminal(monkeypatch)
    with open_upload(large_file) as file:
        assert file.replayable
        assert b"".join(file.chunks()) == b"".join(file.chunks())


def test_a_pipe_is_uploaded_as_a_stream(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from a pipe")
    os.close(writing)

    with open_upload(Path(f"/dev/fd/{reading}")) as file:
        assert file.size_bytes is None
        assert b"".join(file.chunks()) == b"from a pipe"
    os.close(reading)


def test_a_file_that_cannot_be_opened_is_a_usage_error(tmp_path: Path) -> None:
    with (
        pytest.raises(click.UsageError, match="No such file"),
        open_upload(tmp_path / "missing"),
    ):
        pass


def test_items_are_yielded_as_they_come_with_and_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def items() -> Iterator[int]:
        yield 1
        pytest.fail("was read ahead")

    assert next(counted(items(), "rooms")) == 1
    open_terminal(monkeypatch)
    assert next(counted(items(), "rooms")) == 1


def test_on_a_terminal_the_items_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    assert list(counted(range(1_200), "rooms")) == list(range(1_200))
    assert "1,200 rooms" in terminal.getvalue()
