"""Text of a document that tries to become code: it stays text, and the package works."""

from __future__ import annotations

import importlib
import json
import pkgutil
from types import ModuleType

import pytest

from tests.codegen.packages import Generate, document, operation

MARK = "__import__('builtins').hostile_text_ran = True"


HOSTILE = {
    "ends a docstring": f'"""\n{MARK}\n"""',
    "ends a raw docstring": f'\\ """\n{MARK}\n"""',
    "ends a text": f"'; {MARK} #",
    "ends in a quote": 'say "hi"',
    "ends in a backslash": "C:\\",
    "quotes only": '""""""',
    "escapes": "\\N{DASH} \\x00 \\u0041 \\",
    "a template": "{{ package }} {% raw %} {# #}",
    "a format": "%s %(x)s {0} {x!r}",
    "controls": "a\x00b\x1b[31m\x7f\x85",
    "line ends": f"a\r\n{MARK}\u2028{MARK}\u2029{MARK}\x0b{MARK}\x0c",
    "right to left": "\u202e ;)\u2066",
    "comment marks": "*/ --> # noqa # type: ignore",
    "a long word": "x" * 5_000,
    "a long text": "many words " * 500,
    "sections": "Args:\n    x: y\n\nReturns:\n",
    "a list with code": '- a\n- b\n\n```\n"""\n\ncode\n```',
    "an open fence": "```\ncode",
    "other scripts": "日本語 🦊 שלום é",
}


def hostile_document(text: str) -> dict[str, object]:
    """Put a text wherever a document holds text that does not have to be a name."""
    scheme = {
        "type": "string",
        "description": text,
        "default": text,
        "enum": [text, "b"],
    }
    thing = {
        "type": "object",
        "description": text,
        "required": ["style"],
        "properties": {
            "style": scheme,
            "url": {
                "type": "string",
                "pattern": text,
                "x-required-when": {"style": [text]},
            },
            "inner": {"type": "object", "properties": {"x": scheme}},
        },
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}}
    body = {
        "type": "object",
        "description": text,
        # A member's name is no free text: models and bodies refuse what they cannot write.
        "properties": {"member": scheme},
    }
    return document(
        {
            "/thing/{key}": {
                "post": operation(
                    summary=text,
                    description=f"{text}\nhttps://example.com/{''.join(text.split())}",
                    parameters=[
                        {
                            "name": "key",
                            "in": "path",
                            "description": text,
                            "schema": scheme,
                        },
                        {"name": f"query {text}", "in": "query", "schema": scheme},
                    ],
                    requestBody={
                        "description": text,
                        "content": {"application/json": {"schema": body}},
                    },
                    responses={
                        "200": {"description": text, "content": content},
                        "403": {"description": text},
                    },
                    **{
                        "x-official-name": text,
                        "x-scopes": [text],
                        "x-scopes-confidence": text,
                        "x-token-types": [text],
                        "x-confidence": text,
                        "x-quirks": [text, text],
                        "x-superseded-by": text,
                        "deprecated": True,
                    },
                )
            }
        },
        tags=[{"name": "Things", "description": text}],
        components={"schemas": {"thing": thing}},
        info={"title": text, "version": text},
    )


def import_everything(package: ModuleType) -> None:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_text_never_becomes_code(text: str, generate: Generate) -> None:
    import builtins

    package = generate(json.dumps(hostile_document(text)))
    import_everything(package)

    assert not hasattr(builtins, "hostile_text_ran")
    call = package.GetThing(text).call()
    assert call.method == "POST"
    assert package.GetThing.scopes == (text,)
    assert package.Thing.rules["style"].enum == (text, "b")
    assert package.Thing(style=text, url="x").url == "x"
    catalog = importlib.import_module(f"{package.__name__}.catalog")
    assert catalog.OPERATIONS[0].official_name == text


def test_a_file_name_never_becomes_code(generate: Generate, tmp_path: object) -> None:
    from pathlib import Path

    from codegen.__main__ import main

    folder = Path(str(tmp_path))
    spec = folder / f"a\n{MARK}\n\x1b.yaml"
    spec.write_text(
        json.dumps(document({"/thing": {"get": operation()}})), encoding="utf-8"
    )

    assert (
        main(
            ["--spec", str(spec), "--out", str(folder / "named"), "--package", "named"]
        )
        == 0
    )

    first, second, *_ = (folder / "named" / "things.py").read_text().splitlines()
    assert first.startswith(
        "# Generated by `python -m codegen --package named` from a __import__"
    )
    assert second == ""
