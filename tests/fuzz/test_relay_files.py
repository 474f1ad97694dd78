"""Relay files of any text: read, or refused by a documented error that shows no secret."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipkit.api.secret import Secret
from hipkit.relay.config.file import read_relay_text
from hipkit.relay.config.problems import RelayFileError
from hipkit.relay.config.references import References
from tests.unit.relay.config.test_file import TARGETS

PATH = Path("relay.toml")
FILE = """\
keep_days = 7
public_url = "https://relay.example.com"
[senders]
accept = ["10.0.0.0/8"]
rooms = { 12 = "Dev Ops" }
[[senders.token]]
token = "env:A"
name = "Jenkins"
bridge = "ops"
[[route]]
name = "ops"
rooms = ["Dev Ops", "Build *"]
to = "hook"
url = "env:B"
when = { color = ["red"], from = ["Nagios*"], text = "(?i)down", kind = ["topic"] }
label = "{from}"
mentions = { bob = "U123" }
drop_older_than = "2d"
[[route]]
name = "all"
to = "fake"
title = '''
{room}'''
[route.when]
color = "gray"
"""
PIECES = (
    *("[", "]", "[[", "]]", "{", "}", "=", ".", ",", "\n", "#", '"', "'", '"""', "\\"),
    *("route", "senders", "token", "when", "name", "to", "url", "color", "rooms"),
    *("true", "0", "-1", "inf", "nan", "1979-05-27", "07:32:00", "9" * 30, "1e400"),
    *('"env:A"', '"s3cret"', '"hook"', '"\\u0000"', "\U0001f600", "\0", "\u202e"),
)
LITERAL = "s3cret"


class Sources(References):
    """Reads no file and runs no program."""

    def read(self, reference: object) -> Secret:
        """Return a secret for a variable."""
        if isinstance(reference, str) and reference.startswith("env:"):
            return Secret(LITERAL)
        raise ValueError("must refer to the secret")


def try_to_read(text: str) -> None:
    try:
        file = read_relay_text(text, PATH, Sources(Path(), {}), targets=TARGETS)
    except RelayFileError as error:
        problems = error.problems
    else:
        assert file.routes
        assert LITERAL not in repr(file)
        return
    assert problems
    count = text.count("\n") + 1
    assert all(1 <= (each.line or 1) <= count for each in problems)


@settings(max_examples=200, deadline=None)
@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try_to_read(text)


@pytest.mark.parametrize("seed", range(20))
def test_a_file_that_was_changed_anywhere_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret depends on it
    for _ in range(50):
        text = FILE
        for _ in range(chance.randint(1, 3)):
            start = chance.randint(0, len(text))
            end = start + chance.choice((0, 1, 3, 10))
            text = text[:start] + chance.choice(PIECES) + text[end:]
        try_to_read(text)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ("route", "senders", "keep_days", "name", "to", "url", "when", "rooms")
        ),
        st.recursive(
            st.sampled_from(('"hook"', '"env:A"', "1", "true", "1.5", "1979-05-27")),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
                st.dictionaries(
                    st.sampled_from(("name", "to", "url", "token", "color", "x")),
                    inner,
                    max_size=4,
                ).map(
                    lambda items: (
                        "{"
                        + ", ".join(f"{key} = {value}" for key, value in items.items())
                        + "}"
                    )
                ),
            ),
            max_leaves=12,
        ),
    )
)
def test_any_values_are_read_or_refused(document: dict[str, str]) -> None:
    try_to_read("".join(f"{key} = {value}\n" for key, value in document.items()))
