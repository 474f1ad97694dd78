"""TypeScript's types of the specs compile, and the page's programs run with them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.serving import Running
from tests.spec.tools import PAGE, run_node, save_programs, write_types

OPTIONS = ("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--pretty", "false")
MISTAKES = {
    "a path": ('"/room/{room_id_or_name}"', '"/rooms/{room_id_or_name}"'),
    "a value": ('color: "green"', 'color: "blue"'),
    "a member of a body": ('topic: "Written in TypeScript"', "topic: 5"),
    "a required member": ("name: room_id_or_name, ", ""),
    "an argument": ('"max-results": 10', '"maxResults": 10'),
    "a member of a response": ("room.topic}", "room.subject}"),
    "a member that may be absent": ("data.links?.next", "data.links.next"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's programs, and the types beside them."""
    save_programs(tmp_path)
    write_types(tmp_path, "hipchat-v2")
    return tmp_path


@pytest.mark.parametrize("document", ["hipchat-v1", "hipchat-v2"])
def test_the_types_of_a_spec_compile(document: str, tmp_path: Path) -> None:
    write_types(tmp_path, document)
    done = run_node(tmp_path, "tsc", *OPTIONS, f"{document}.ts")
    assert done.stdout == ""
    assert done.returncode == 0


def test_the_programs_of_the_page_do_what_it_shows(
    folder: Path, settings: dict[str, str], server: Running
) -> None:
    done = run_node(folder, "tsc", "--pretty", "false")
    assert done.stdout == ""
    chat = run_node(folder, "chat.js", settings=settings)
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert [chat.stdout] == shown, chat.stderr
    files = run_node(folder, "files.js", settings=settings)
    assert files.stdout.splitlines() == ["204", "image/png 70"], files.stderr
    _, _, history = server.call("GET", "/room/typescript/history")
    message = json.loads(history)["items"][-1]
    assert message["message"] == "Today's report"
    assert message["file"]["name"] == "report.txt"
    assert message["file"]["size"] == len("all green\n")


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The mistakes that the compiler refuses."""
    folder = tmp_path_factory.mktemp("mistakes")
    write_types(folder, "hipchat-v2")
    save_programs(folder)
    program = (folder / "chat.ts").read_text("utf-8")
    for mistake, (good, bad) in MISTAKES.items():
        assert good in program
        name = f"{mistake.replace(' ', '-')}.ts"
        (folder / name).write_text(program.replace(good, bad, 1), encoding="utf-8")
    done = run_node(folder, "tsc", "--noEmit", "--pretty", "false")
    # Lines that continue a message are indented.
    found = re.findall(r"^([^ (]+)\.ts\(", done.stdout, re.MULTILINE)
    return {name.replace("-", " ") for name in found}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_does_not_compile(mistake: str, refused: set[str]) -> None:
    assert mistake in refused
