"""Descriptors, conditions and URLs of strangers: read, or refused by a documented error."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hipkit.descriptors import (
    DescriptorError,
    Facts,
    MessageFacts,
    check_descriptor,
    expand_url,
    holds,
    read_descriptor,
)
from hipkit.descriptors.data_urls import read_data_url
from hipkit.descriptors.javascript import is_found_in_javascript
from hipkit.v2.models import Condition
from tests.unit.descriptors.examples import CORRECT

FOLDER = Path(__file__).parents[1] / "data" / "descriptors"
BODIES = [path.read_bytes() for path in sorted(FOLDER.glob("*.json"))]
DOCUMENTS: list[Any] = [CORRECT]
for body in BODIES:
    with suppress(ValueError):
        DOCUMENTS.append(json.loads(body.decode("utf-8-sig")))

NAMES = (
    *("key", "keys", "name", "title", "url", "queryUrl", "links", "self"),
    *("capabilities", "webhook", "glance", "webPanel", "dialog", "action"),
    *("externalPage", "installable", "configurable", "conditions"),
    *("condition", "type", "params", "metadata", "attr", "eq", "regex"),
    *("pattern", "flags", "options", "size", "target", "scopes"),
    *("authentication", "apiVersion", "icon", "url@2x", "value"),
    *("oauth2Provider", "allowGroup", "callbackUrl"),
)
TEXTS = (
    *("jwt", "none", "and", "or", "1:1", "2:1", "::"),
    *("https://a.example.com", "http://a", "data:,", "javascript:1"),
    *("https://u:p@a/", "{message.body}", "{{}}", "room_message"),
    *("view_room", "glance_matches", "message_matches", "room_is_public"),
    *("(", "(?i)a", "[", "\\", "a{99999}", "\ud800", "\0", "\u202e", "../"),
    *("400px"),
)

TESTS = (
    *("room_is_public", "user_is_admin", "user_is_guest"),
    *("user_is_room_owner", "message_matches", "message_contains_link"),
    *("message_sent_by_current_user", "card_matches", "glance_matches"),
    "other",
)
PARAMS = ("type", "file_type", "sender", "regex", "style", "metadata", "other")

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(TEXTS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def check(descriptor: bytes) -> None:
    faults = check_descriptor(descriptor)
    for fault in faults:
        assert fault.problem
        assert fault.remedy
        assert str(fault).isprintable()
        assert len(str(fault)) < 1_000
    assert len(set(faults)) == len(faults)
    try:
        read = read_descriptor(descriptor)
    except DescriptorError:
        # What the check passes can be read.
        assert any(fault.severity == "error" for fault in faults)
    else:
        assert read_descriptor(read.to_json()) == read


@given(chance=st.randoms(use_true_random=False), changes=st.integers(1, 4), new=plain)
@settings(max_examples=150)
def test_any_value_in_the_place_of_another_is_read_or_refused(
    chance: random.Random, changes: int, new: object
) -> None:
    document = copy.deepcopy(chance.choice(DOCUMENTS))
    for _ in range(changes):
        owner = chance.choice(list(_containers(document)))
        if isinstance(owner, dict):
            owner[chance.choice([*owner, chance.choice(NAMES)])] = copy.deepcopy(new)
        elif owner:
            owner[chance.randrange(len(owner))] = copy.deepcopy(new)
        if chance.random() < 0.3 and isinstance(owner, dict) and owner:
            del owner[chance.choice(list(owner))]
    check(json.dumps(document).encode())


@given(st.dictionaries(st.sampled_from(NAMES), plain, max_size=6))
@settings(max_examples=50)
def test_any_object_is_read_or_refused(document: dict[str, object]) -> None:
    check(json.dumps(document).encode())
    check(json.dumps({"capabilities": document}).encode())


@given(st.binary() | st.text().map(str.encode) | st.sampled_from(BODIES))
@settings(max_examples=50)
@example(b"[" * 200_000)
@example(b'{"a":' * 40_000)
@example(b'{"key": ' + b"9" * 100_000 + b"}")
@example(b'{"key": 1e999, "name": -0, "links": {"self": "\\ud800"}}')
@example(b'{"a": 1, "a": 2, "capabilities": {}, "capabilities": []}')
@example(b'{"capabilities": {"glance": [{"conditions": [{"condition": []}]}]}}')
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    check(body)


@pytest.mark.parametrize("body", BODIES)
def test_a_cut_descriptor_is_read_or_refused(body: bytes) -> None:
    for end in range(0, len(body), 97):
        check(body[:end])


conditions = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "condition": st.sampled_from(TESTS),
            "invert": st.booleans(),
            "params": st.dictionaries(
                st.sampled_from(PARAMS),
                plain
                | st.fixed_dictionaries({"pattern": st.text(max_size=10)})
                | st.lists(
                    st.dictionaries(
                        st.sampled_from(["attr", "eq", "lt", "gt"]), plain, max_size=4
                    ),
                    max_size=3,
                ),
                max_size=4,
            ),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {"conditions": st.lists(inner, max_size=3)},
        optional={"type": st.sampled_from(["and", "or", "AND", "OR", "xor"])},
    ),
    max_leaves=6,
)
metadata = st.dictionaries(st.sampled_from(["a", "b"]) | st.text(max_size=5), plain)
facts = st.builds(
    Facts,
    room_is_public=st.booleans(),
    user_is_admin=st.booleans(),
    message=st.none()
    | st.builds(
        MessageFacts,
        body=st.text(max_size=200),
        card_style=st.none() | st.text(max_size=5),
        card_metadata=st.none() | metadata,
    ),
    glance_metadata=st.none() | metadata,
    glance_failed=st.booleans(),
)


@given(st.lists(conditions, max_size=3), facts)
@settings(max_examples=150)
def test_any_conditions_hold_or_do_not(found: list[object], known: Facts) -> None:
    read = msgspec.convert(found, list[Condition])
    assert holds(read, known) in (True, False)
    assert holds([*read, *read], known) is holds(read, known)
    check_descriptor({"capabilities": {"action": [{"conditions": found}]}})


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(list(r"()[]{}|\^$.*+?<=!:1,abdkpuw"))).map("".join),
    st.text("gimsuyx", max_size=3),
    st.text(max_size=100),
)
@settings(max_examples=200)
@example(r"\u{110000}", "u", "")
@example(r"\u{ffffff}", "u", "")
@example(r"[\d-\w]", "", "a")
@example(r"(?<a>.)(?<a>.)", "", "a")
def test_any_pattern_is_searched_or_refused(
    pattern: str, flags: str, text: str
) -> None:
    with suppress(ValueError, TimeoutError):
        assert is_found_in_javascript(pattern, flags, text) in (True, False)


@given(
    st.lists(
        st.sampled_from(["{", "}", "{a}", "{a.b}", "{b}", "{a.}", "{.}", "x", "?a="])
        | st.text(max_size=5)
    ).map("".join),
    st.dictionaries(st.sampled_from(["a", "b", ""]), plain, max_size=3),
)
@settings(max_examples=150)
@example("", {"a": ["\ud800"]})
def test_any_template_is_expanded(template: str, values: dict[str, object]) -> None:
    expanded = expand_url(f"https://a/{template}", values)
    assert expanded.startswith("https://a/")
    inserted = expand_url("{a}", values)
    assert inserted.isascii()
    assert set('{}"<> /?#&=\\').isdisjoint(inserted)
    if values.get("a") is not None:
        json.loads(unquote(inserted))


@given(st.text(max_size=60).map("data:".__add__) | st.text(max_size=60))
@settings(max_examples=100)
@example("data:;base64," + "A" * 10_001)
def test_any_data_url_is_read_or_refused(url: str) -> None:
    with suppress(ValueError):
        assert isinstance(read_data_url(url), bytes)


def _containers(value: object) -> Iterator[dict[str, object] | list[object]]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)
