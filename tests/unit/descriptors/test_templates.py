from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.descriptors.templates import expand_url, variables_of

VALUES: dict[str, object] = {
    "message": {
        "body": 'a "b" & c/ä',
        "mid": None,
        "sender": {"id": 7, "name": "Ann"},
        "metadata": {"x": {"y": [1, True]}},
    }
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("https://a/", "https://a/"),
        ("https://a/?n={message.sender.name}", "https://a/?n=%22Ann%22"),
        ("https://a/{message.sender.id}/x", "https://a/7/x"),
        (
            "https://a/?q={message.body}",
            "https://a/?q=%22a%20%5C%22b%5C%22%20%26%20c%2F%C3%A4%22",
        ),
        ("{message.metadata.x.y}", "%5B1%2Ctrue%5D"),
        ("{message.metadata.x}", "%7B%22y%22%3A%5B1%2Ctrue%5D%7D"),
        ("<{message.mid}{message.body.x}{nothing}{}{ }>", "<>"),
        ("{message.sender.name}{", "%22Ann%22{"),
        ("}{{message.sender.id}}", "}{7}"),
    ],
)
def test_variables_are_written_as_json_and_encoded(
    template: str, expected: str
) -> None:
    assert expand_url(template, VALUES) == expected


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    assert expand_url("{a}", {"a": "\ud83d"}) == "%22%EF%BF%BD%22"


def test_a_value_that_is_no_json_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        expand_url("{a}", {"a": object()})


@given(st.text(), st.text(alphabet=st.characters(codec="utf-8")))
def test_a_value_stays_one_part_of_the_url(before: str, value: str) -> None:
    url = expand_url("https://a/?b={c}", {"c": value, "x": before})
    start, _, written = url.partition("=")
    assert start == "https://a/?b"
    assert json.loads(unquote(written)) == value
    assert written.isascii()
    assert not set('/?#&="{} ') & set(written)


def test_the_variables_are_listed() -> None:
    assert list(variables_of("{a}/{b.c}{")) == ["a", "b.c"]
