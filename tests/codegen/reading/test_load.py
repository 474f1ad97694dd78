from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from codegen.__main__ import REFUSED, main
from tests.codegen.packages import Generate


def test_words_of_yaml_1_1_stay_text(generate: Generate) -> None:
    package = generate(
        """
        openapi: 3.1.0
        paths:
          /switch:
            get:
              operationId: get_switch
              tags: [Switches]
              parameters:
              - {name: on, in: query, schema: {enum: [on, off, yes, no, 2013-01-01, 1:30]}}
              responses: {204: {description: Done.}}
        """
    )
    signature = inspect.signature(package.Api(None).switches.get_switch)
    texts = ("on", "off", "yes", "no", "2013-01-01", "1:30")
    literals = ", ".join(map(repr, texts))
    assert signature.parameters["on"].annotation == f"Literal[{literals}] | None"


def test_json_documents_and_merge_keys_are_read(generate: Generate) -> None:
    json = generate(
        '{\t"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "get_a", "tags": ["A"]}}}}'
    )
    merged = generate(
        """
        openapi: 3.1.0
        x-shared: &shared {tags: [Things], deprecated: true}
        paths:
          /a:
            get: {<<: *shared, operationId: get_a, deprecated: false}
            put: {operationId: put_a, <<: *shared}
        """
    )

    assert json.GetA().call().target == "/a"
    catalog = __import__(f"{merged.__name__}.catalog", fromlist=["OPERATIONS"])
    assert [(entry.tag, entry.deprecated) for entry in catalog.OPERATIONS] == [
        ("Things", False),
        ("Things", True),
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.yaml", "No such file or directory"), (".", "Is a directory")],
)
def test_an_unreadable_file_is_rejected(
    name: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--spec", str(tmp_path / name), "--out", str(tmp_path / "out")]

    assert main([*arguments, "--package", "package"]) == REFUSED

    line = f"{tmp_path / name}: cannot be read: {reason}; name a YAML or JSON file\n"
    assert capsys.readouterr().err == line
