"""The README of every case: its first call is sent, as it stands, and it says how it was made."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from codegen.__main__ import main
from hipkit import NotFoundError
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse, Request
from tests.codegen.test_cases import CASES

NAMING = next(case / "spec.yaml" for case in CASES if case.name == "naming")


def readme(spec: Path, out: Path, *more: str) -> str:
    arguments = ["--spec", str(spec), "--out", str(out), "--package", out.name]
    assert main([*arguments, *more]) == 0
    return (out / "README.md").read_text(encoding="utf-8")


WITH_CALLS = [case for case in CASES if case.name != "only_webhooks"]


@pytest.mark.parametrize("case", WITH_CALLS, ids=lambda case: case.name)
def test_the_first_call_of_a_readme_can_be_sent_as_it_stands(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = readme(case / "spec.yaml", tmp_path / f"readme_{case.name}")
    blocks = re.findall("```python\n(.*?)```", text, re.DOTALL)
    sent: list[Request] = []

    def answer(request: Request) -> RawResponse:
        sent.append(request)
        return RawResponse(404, {}, b"")

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        "hipkit.client.client.choose_transport", lambda *_: MemoryTransport(answer)
    )

    assert len(blocks) == 1
    with pytest.raises(NotFoundError):
        exec(blocks[0], {})  # noqa: S102 - made here
    assert len(sent) == 1


def test_a_readme_names_the_command_without_paths(tmp_path: Path) -> None:
    spec = tmp_path / "a b.yaml"
    spec.write_bytes(NAMING.read_bytes())
    more = ["--auth", "basic", "--skip-unsupported"]

    text = readme(spec, tmp_path / "shelves", *more)

    [command] = re.findall("```sh\n(.*?)\n```", text)
    given = ["--spec", "a b.yaml", "--out", "shelves", "--package", "shelves", *more]
    assert shlex.split(command) == ["python", "-m", "codegen", *given]
    assert str(tmp_path) not in text


def test_a_readme_lists_the_operations(tmp_path: Path) -> None:
    text = readme(NAMING, tmp_path / "shelves")

    row = "| `book_shelves.get_book` | Get book | `GET /book/{shelf}/{book_id}` |"
    assert row in text.splitlines()


def test_texts_of_the_document_stay_inside_of_their_cell(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    text = NAMING.read_text(encoding="utf-8")
    spec.write_text(text.replace("Update book", "Update | <b>book"), encoding="utf-8")

    assert "| Update \\| &lt;b>book |" in readme(spec, tmp_path / "shelves")
