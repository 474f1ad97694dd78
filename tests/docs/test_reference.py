from __future__ import annotations

import inspect
import re

import pytest

import hipkit
from hipkit import AsyncHipChat, HipChat
from hipkit.client.async_chat_client import AsyncChatClient
from hipkit.client.chat_client import ChatClient
from hipkit.v1.catalog import OPERATIONS as V1
from hipkit.v2.catalog import OPERATIONS as V2
from scripts.reference import FOLDER, OVERVIEW, pages
from tests.unit.test_public_api import RECORD

OTHERWISE = "cli|extras|pytest_plugin|v1|v2"
"""Modules that are no API (a command, a helper, a fixture), or have pages by tag."""
PUBLIC = re.compile(rf"^((hipkit\.(?!(?:{OTHERWISE})\.)\w+)\.\w+)$", re.MULTILINE)


@pytest.mark.parametrize("path", pages())
def test_the_pages_on_operations_are_those_of_the_specs(path: str) -> None:
    written = (FOLDER / path).read_text(encoding="utf-8")
    assert written == pages()[path], "run python -m scripts.reference"


def test_no_other_page_on_operations_is_left() -> None:
    there = {f"operations/{path.name}" for path in (FOLDER / "operations").iterdir()}
    assert there == pages().keys() - {OVERVIEW}


def test_the_overview_links_every_operation_once() -> None:
    overview = (FOLDER / OVERVIEW).read_text(encoding="utf-8")
    linked = re.findall(r"^\| \[`(\w+)`\]\(operations/", overview, re.MULTILINE)
    assert linked == [entry.operation_id for entry in (*V2, *V1)]


def test_the_reference_has_every_public_name() -> None:
    described = set(re.findall(r"^::: (\S+)$", reference(), re.MULTILINE))
    homes: dict[str, str] = vars(hipkit)["_HOME_OF"]
    public = {f"{home}.{name}": home for name, home in homes.items()}
    recorded = RECORD.read_text(encoding="utf-8")
    public |= dict(PUBLIC.findall(recorded))
    missing = [name for name, home in public.items() if not described & {name, home}]
    assert missing == []


def test_the_reference_of_the_clients_has_what_they_inherit() -> None:
    listed = re.findall(r"inherited_members: \[(.*)\]", reference())

    assert [set(each.split(", ")) for each in listed] == [
        {
            name
            for name, _ in inspect.getmembers_static(base)
            if not name.startswith("_") and name not in vars(client)
        }
        for base, client in ((ChatClient, HipChat), (AsyncChatClient, AsyncHipChat))
    ]


def reference() -> str:
    """Return the pages of the reference that are written by hand."""
    return "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md"))
