from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hipkit.transports.protocol import RawResponse
from tests.unit.cli.conftest import Hipkit, Server
from tests.unit.descriptors.examples import CORRECT, changed

URL = CORRECT["links"]["self"]
JSON = {"content-type": "application/json; charset=utf-8"}


def test_a_descriptor_without_faults_passes(hipkit: Hipkit, folder: Path) -> None:
    ended = hipkit("addon", "check", "good.json")
    assert (ended.code, ended.out, ended.err) == (0, "no faults\n", "")
    assert hipkit("addon", "check", "good.json", "--json").json == []


def test_each_fault_is_a_line_with_place_problem_and_remedy(
    hipkit: Hipkit, folder: Path
) -> None:
    def change(it: Any) -> None:
        del it["name"]
        it["capabilities"]["webhook"][0]["authentication"] = "none"

    Path("bad.json").write_text(json.dumps(changed(change)))
    ended = hipkit("addon", "check", "bad.json")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "warning: capabilities.webhook[0] is not signed, so anybody can post to it."
        ' Add "authentication": "jwt".',
        'error: name is missing. Add "name": what people see it called.',
        "1 error, 1 warning",
    ]
    listed = hipkit("addon", "check", "bad.json", "--json")
    assert listed.code == 1
    assert listed.json[1] == {  # type: ignore[index]  # a list
        "severity": "error",
        "place": "name",
        "problem": "is missing",
        "remedy": 'Add "name": what people see it called.',
    }


def test_warnings_fail_with_strict_only(hipkit: Hipkit, folder: Path) -> None:
    document = changed(lambda it: it.update(configurable={}))
    body = json.dumps(document).encode()
    ended = hipkit("addon", "check", "-", stdin=body)
    assert ended.code == 0
    assert ended.out.endswith("\n0 errors, 1 warning\n")
    assert hipkit("addon", "check", "-", "--strict", stdin=body).code == 1


def test_a_url_is_fetched_and_compared_with_the_link_to_itself(
    server: Server, hipkit: Hipkit
) -> None:
    body = json.dumps(CORRECT).encode()
    server.answer(RawResponse(200, JSON, body))
    assert hipkit("addon", "check", URL).out == "no faults\n"
    assert server.targets == ["/capabilities"]

    server.answer(RawResponse(200, JSON, body))
    ended = hipkit("addon", "check", "https://other.example.com/capabilities")
    assert "links.self is not where the descriptor was fetched from" in ended.out


def test_another_content_type_is_a_warning(server: Server, hipkit: Hipkit) -> None:
    html = {"content-type": "text/html"}
    server.answer(RawResponse(200, html, json.dumps(CORRECT).encode()))
    ended = hipkit("addon", "check", URL)
    assert ended.code == 0
    assert ended.out.startswith("warning: the descriptor is served as text/html. ")


def test_an_add_on_of_python_is_checked(hipkit: Hipkit, folder: Path) -> None:
    assert hipkit("addon", "check", "karma:addon").out == "no faults\n"


def test_an_add_on_whose_descriptor_cannot_be_made_fails(
    hipkit: Hipkit, folder: Path
) -> None:
    action = 'addon.action("give", name="Give", location="message", target="nothing")'
    source = f"{Path('karma.py').read_text()}\n{action}\n"
    Path("astray.py").write_text(source)
    ended = hipkit("addon", "check", "astray:addon")
    assert ended.code == 1
    assert ended.out.startswith("error: the descriptor cannot be made: ")


def test_a_file_goes_before_a_module_of_its_name(hipkit: Hipkit, folder: Path) -> None:
    Path("karma:addon").write_text("{}")
    assert hipkit("addon", "check", "karma:addon").code == 1


@pytest.mark.parametrize("name", ["chekc", "chck"])
def test_a_misspelt_command_gets_a_suggestion(hipkit: Hipkit, name: str) -> None:
    ended = hipkit("addon", name, "x")
    assert ended.code == 2
    assert "did you mean check?" in ended.err
