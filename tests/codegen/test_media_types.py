"""What bodies and answers are by their media types, and events without operations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from codegen.__main__ import main
from hipkit.api.operation import Operation
from hipkit.client.client import Client
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse
from tests.codegen.packages import CASES, Generate, sent, spec


def result_of(
    package: ModuleType, call: Operation[object], body: bytes, media_type: str
) -> object:
    """Return the result of a call that is answered so."""
    name = package.__name__.title().replace("_", "")
    kind: type[Client] = getattr(package, name)
    answer = RawResponse(200, {"content-type": media_type}, body)
    transport = MemoryTransport(lambda _: answer)
    with kind(base_url="https://a.example", transport=transport) as client:
        return client.send(call)


def test_a_text_is_sent_and_read_as_text(generate: Generate) -> None:
    package = generate(spec("media_types"))

    parts = sent(package, "notes", "set_note", body="caf\u00e9")
    read = result_of(package, package.SetNote(body="x"), b'"caf"', "text/plain")

    assert parts.content == "caf\u00e9".encode()
    assert parts.headers == (("Content-Type", "text/plain"),)
    assert read == '"caf"'


def test_text_json_is_json(generate: Generate) -> None:
    package = generate(spec("media_types"))

    parts = sent(package, "notes", "add_note", text="x")
    read = result_of(package, package.AddNote(), b'{"text":"y"}', "text/json")

    assert parts.headers == (("Content-Type", "text/json"),)
    assert isinstance(parts.content, bytes)
    assert json.loads(parts.content) == {"text": "x"}
    assert read == package.AddNoteResult(text="y")


def test_bytes_stay_bytes_and_a_form_without_fields_takes_any(
    generate: Generate,
) -> None:
    package = generate(spec("media_types"))

    raw = sent(package, "notes", "set_raw", body=b"\xff")
    form = sent(package, "notes", "send_form", body={"a b": "c&d", "e": [1, True]})

    assert raw.content == b"\xff"
    assert form.content == b"a+b=c%26d&e=1&e=true"


def test_the_media_type_that_is_chosen_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = CASES / "media_types" / "spec.yaml"
    out = ["--out", str(tmp_path / "notes"), "--package", "notes_of_media_types"]

    assert main(["--strict", "--spec", str(source), *out]) == 0

    assert (
        "several media types of a body, so the first one that is supported:"
        " set_note sends text/plain\n"
    ) in capsys.readouterr().err


def test_a_document_with_nothing_but_webhooks_gives_its_events(
    generate: Generate,
) -> None:
    package = generate(spec("only_webhooks"))
    events = __import__(f"{package.__name__}.webhooks", fromlist=["EVENTS"]).EVENTS

    added = events["petAdded"].from_json('{"name":"Tom","kind":"cow"}')
    left = events["petLeft"].from_json('{"id":"7","at":"2026-01-02T03:04:05Z"}')

    assert added == package.Pet(name="Tom", kind="cow")
    assert left == package.PetLeftEvent(
        id=7, at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    assert set(events) == {"petAdded", "petLeft"}
