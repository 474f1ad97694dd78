"""What Rocket.Chat's own parser of messages makes of the texts for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hipkit.relay.targets.protocol import HttpCall
from tests.golden.relay.cases import CASES
from tests.golden.relay.golden import body_of, render
from tests.vendors.compiler import PACKAGES

SCRIPT = Path(__file__).parent / "parse_messages.mjs"
MENTIONS = {"MENTION_CHANNEL", "MENTION_USER"}
MARKS = {"BOLD", "ITALIC", "STRIKE", "INLINE_CODE", "CODE"}
BLOCKS = {"HEADING", "ORDERED_LIST", "UNORDERED_LIST", "QUOTE", "TASKS", "SPOILER"}
OTHERS = {"COLOR", "EMOJI", "BIG_EMOJI", "IMAGE", "INLINE_KATEX", "KATEX", "LINK"}


def parse(texts: list[str]) -> list[Any]:
    done = subprocess.run(
        ["node", SCRIPT, PACKAGES.parent],
        input=json.dumps(texts),
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def texts_of(case: str) -> Iterator[str]:
    """Yield the texts of a case that are parsed."""
    rendered = render("rocketchat", case)
    assert isinstance(rendered, HttpCall)
    body = body_of(rendered)
    yield body.get("text", "")
    for attachment in body.get("attachments", []):
        yield attachment.get("pretext", "")
        yield attachment.get("text", "")
        yield from (field["value"] for field in attachment.get("fields", []))


@pytest.fixture(scope="module")
def parsed() -> dict[str, list[Any]]:
    """What the parser makes of every text, by case."""
    texts = {case: [text for text in texts_of(case) if text] for case in CASES}
    found = iter(parse([text for case in texts.values() for text in case]))
    return {case: [next(found) for _ in of_case] for case, of_case in texts.items()}


def nodes(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


def kinds(value: object) -> set[str]:
    return {node["type"] for node in nodes(value)}


@pytest.mark.parametrize("case", CASES)
def test_nobody_is_mentioned_but_whom_the_route_allows(
    case: str, parsed: dict[str, list[Any]]
) -> None:
    found = [node for node in nodes(parsed[case]) if node["type"] in MENTIONS]
    named = [node["value"]["value"] for node in found]
    assert named == {"loud-mention": ["here"], "mapped": ["U123"]}.get(case, [])


@pytest.mark.parametrize("case", CASES)
def test_links_lead_to_web_and_mail_addresses(
    case: str, parsed: dict[str, list[Any]]
) -> None:
    for node in nodes(parsed[case]):
        if node["type"] in {"IMAGE", "LINK"}:
            address = node["value"]["src"]["value"]
            assert address.startswith(("https://", "http://", "mailto:", "//")), address


@pytest.mark.parametrize("case", ["markup", "pings-text", "lines", "spoofed"])
def test_what_was_typed_is_no_markup(case: str, parsed: dict[str, list[Any]]) -> None:
    assert not kinds(parsed[case]) & (MARKS | BLOCKS | OTHERS)


def test_what_was_markup_is_markup(parsed: dict[str, list[Any]]) -> None:
    expected = {"BOLD", "ITALIC", "STRIKE", "INLINE_CODE", "CODE", "LINK"}
    expected |= {"QUOTE", "UNORDERED_LIST"}
    assert expected <= kinds(parsed["html"])
    links = [node for node in nodes(parsed["html-small"]) if node["type"] == "LINK"]
    assert [link["value"]["label"][0]["value"] for link in links] == ["#17"]


def test_the_parser_finds_what_these_tests_look_for() -> None:
    assert "MENTION_USER" in kinds(parse(["@here"]))
    assert "LINK" in kinds(parse(["[a](javascript:x)"]))
