"""The check itself: a fault planted in a good package is told, one of each style.

Each replaces a passage of a generated module as a fault of the generator would.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.codegen.sampling.running import (
    Outcome,
    check_document,
    check_package,
    type_problems,
)
from tests.codegen.sampling.test_documents import DOCUMENTS

BY_NAME = {path.stem: path for path in DOCUMENTS}


@dataclass(frozen=True, slots=True)
class Fault:
    """A passage of a module, what replaces it everywhere, and what the check says."""

    document: str
    module: str
    passage: str
    replacement: str
    told: str


FAULTS = {
    "a wrong name of a query parameter": Fault(
        *("queries", "things", '"repeated": "repeated"', '"repeated": "repeat"'),
        "no argument sends the query 'repeated'",
    ),
    "names of two query parameters exchanged": Fault(
        *("queries", "things", '"offset": "offset"', '"offset": "limit"'),
        "no argument sends the query 'page'",
    ),
    "a query parameter under the argument of another": Fault(
        "queries",
        "things",
        '"since": "since",\n        "day": "day"',
        '"since": "day",\n        "day": "since"',
        "the argument day sends 'since'",
    ),
    "a list joined that should be repeated": Fault(
        *("queries", "things", '{"joined_"}', '{"joined_", "repeated"}'),
        "the query has repeated=",
    ),
    "a list repeated that should be joined": Fault(
        *("queries", "things", 'frozenset({"joined_"})', "frozenset()"),
        "the query has joined=",
    ),
    "a list joined by something else": Fault(
        *("queries", "things", '"spaced": " "', '"spaced": "|"'),
        "the query has spaced=",
    ),
    "a deep object sent flat": Fault(
        *("queries", "things", '"filter[name]"', '"name"'),
        "no argument sends the query 'filter'",
    ),
    "a wrong name of a header": Fault(
        *("queries", "things", '"X-Depth"', '"Depth"'),
        "no argument sends the header 'X-Depth'",
    ),
    "a wrong method": Fault(
        *("queries", "things", 'method = "GET"', 'method = "POST"'),
        "the method is POST, for GET",
    ),
    "a wrong path": Fault(
        *("queries", "things", '"/things/{ids}"', '"/thing/{ids}"'),
        "the path is /thing/",
    ),
    "a path without its server's part": Fault(
        *("servers", "things", "/archive/below", "/below"), "the path is /v1/below/"
    ),
    "another API's address": Fault(
        *("servers", "client", "eu.example.com", "elsewhere.example"),
        "the client's default is https://elsewhere.example/v1, no server",
    ),
    "arguments exchanged in a method": Fault(
        *("queries", "things", "       offset=offset,", "       offset=limit,"),
        "its method sends something else",
    ),
    "no token where one is needed": Fault(
        *(
            "security",
            "things",
            'path = "/bearer"',
            'path = "/bearer"\n    auth = "none"',
        ),
        "GET /bearer: no credential is sent as declared",
    ),
    "a token where none is needed": Fault(
        *("security", "things", '    auth = "none"\n', ""),
        "GET /nothing: a credential is sent, and none is declared",
    ),
    "a token demanded where it is optional": Fault(
        *("security", "things", "    token_optional = True\n", ""),
        "GET /optional: ValueError",
    ),
    "a key in another place": Fault(
        *("security", "things", '("cookie", "session")', '("header", "session")'),
        "GET /cookie: no credential is sent as declared",
    ),
    "a key under another name": Fault(
        *("security", "things", '"api-key"', '"key"'),
        "GET /query: no credential is sent as declared",
    ),
    "a file sent as a field": Fault(
        *(
            "multipart",
            "pictures",
            'frozenset({"cover", "pictures"})',
            'frozenset({"pictures"})',
        ),
        "the part cover is Field",
    ),
    "a wrong name of a part": Fault(
        *(
            "multipart",
            "pictures",
            '"is_public": "is-public"',
            '"is_public": "is_public"',
        ),
        "no argument sends the member 'is-public'",
    ),
    "a form as JSON": Fault(
        *("forms", "forms", 'body_kind = "form"', 'body_kind = "json"'),
        "the form",
    ),
    "a wrong content type": Fault(
        *("contents", "contents", '"application/vnd.thing+json"', '"application/json"'),
        "it sends application/json, and ['application/vnd.thing+json'] are documented",
    ),
    "a null that is lost": Fault(
        *("swagger", "things", "UnsetType | None = UNSET", "None = None"),
        "the body.label is lost, None",
    ),
    "a null that is lost below the top": Fault(
        *(
            "nulls",
            "models",
            "email: str | UnsetType | None = UNSET",
            "email: str | None = None",
        ),
        ".email is lost, None",
    ),
    "a member that only answers have, demanded": Fault(
        *("read_write", "models", "    code: str\n", "    code: str\n    id: int\n"),
        "the argument home does not take",
    ),
    "a list of a form joined by nothing": Fault(
        *("swagger", "things", 'frozenset({"ids"})', "frozenset()"), "the form has ids="
    ),
    "a text read as bytes": Fault(
        *("contents", "contents", "result = str\n    is_text = True", "result = bytes"),
        "PUT /text: the answer is b'",
    ),
    "a redirect that is not one": Fault(
        *("contents", "contents", "    redirect = True\n", ""), "GET /old: "
    ),
    "a member of an answer that is lost": Fault(
        *("enums", "models", "    version: int | None = None\n", ""),
        "the answer.version is lost",
    ),
    "a wrong name of a member": Fault(
        *("names", "models", 'name="key with spaces"', 'name="key_with_spaces"'),
        "the answer.key with spaces is lost",
    ),
    "an enumeration that is closed in answers": Fault(
        "enums",
        "models",
        'color: Literal["red", "yellow", "green"] | str\n',
        'color: Literal["red", "yellow", "green"]\n',
        "ResponseError",
    ),
    "a member of another type": Fault(
        *("enums", "models", "version: int", "version: str"),
        "the answer.version is '2', for 2",
    ),
    "a union that reads one branch only": Fault(
        *("unions", "animals", "result = object", "result = dict[str, int]"),
        "GET /shape: ResponseError",
    ),
    "a discriminator with a wrong value": Fault(
        *("unions", "models", '"feline": Cat', '"feline": Dog'), "PUT /animals: "
    ),
    "a discriminator of another name": Fault(
        *("unions", "models", 'tag = "kind"', 'tag = "name"'), "the answer has no type"
    ),
    "extra members that are dropped": Fault(
        *("extras", "models", "Label(Model, OpenObject,", "Label(Model,"),
        ".extra 0 is lost",
    ),
    "an event that is not there": Fault(
        *("events", "webhooks", '"thing-lost":', '"thing_lost":'),
        "event thing-lost: the package does not have it",
    ),
    "a member of an event that is lost": Fault(
        *("events", "webhooks", "    things: list[Thing] | None = None\n", ""),
        "event thing-lost: $.things is lost",
    ),
    "a module that does not import": Fault(
        *("errors", "things", "OperationGroup[Send]", "NoSuchClass[Send]"),
        "the package cannot be imported: NameError",
    ),
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package of every document in which a fault is planted."""
    folder = tmp_path_factory.mktemp("packages")
    for name in sorted({fault.document for fault in FAULTS.values()}):
        assert check_document(BY_NAME[name], folder).lines == []
    return folder


def planted(fault: Fault, packages: Path, folder: Path) -> Outcome:
    """Check a package with a fault."""
    name = f"sampled_{fault.document}"
    shutil.copytree(packages / name, folder / name)
    path = folder / name / f"{fault.module}.py"
    text = path.read_text(encoding="utf-8")
    assert fault.passage in text
    path.write_text(text.replace(fault.passage, fault.replacement), encoding="utf-8")
    outcome = Outcome(BY_NAME[fault.document], name)
    check_package(outcome.path, folder, outcome)
    return outcome


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_told(fault: Fault, packages: Path, tmp_path: Path) -> None:
    outcome = planted(fault, packages, tmp_path)

    assert any(fault.told in line for line in outcome.lines), outcome.lines


def test_a_type_that_is_wrong_is_told_by_mypy(packages: Path, tmp_path: Path) -> None:
    wrong = Fault(
        "enums", "models", "version: int | None = None", "version: int = None", ""
    )

    planted(wrong, packages, tmp_path)

    [(name, line)] = type_problems(tmp_path, ["sampled_enums"])
    assert name == "sampled_enums"
    assert "Incompatible types in assignment" in line
