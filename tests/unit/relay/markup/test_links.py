from __future__ import annotations

import pytest

from hipkit.relay.markup.from_html import read_html_tree
from hipkit.relay.markup.from_text import read_text_tree
from hipkit.relay.markup.links import honest_text, typed_link
from tests.unit.relay.markup.trees import outline

ALIKE = "https://b\u0430nk.example/"


def test_a_text_that_reads_as_another_address_has_the_host_behind_it() -> None:
    assert honest_text("bank.com", "https://a.example/") == "bank.com (a.example)"
    assert honest_text("the build", "https://a.example/") == "the build"
    assert honest_text("bank.com", None) == "bank.com"


@pytest.mark.parametrize("read", [read_text_tree, read_html_tree])
def test_an_address_with_letters_that_look_like_others_shows_what_it_is(
    read: object,
) -> None:
    assert callable(read)
    shown = f"{ALIKE} (xn--bnk-6cd.example)"
    link = f"<a https://xn--bnk-6cd.example/>{shown}</a>"
    assert outline(read(f"see {ALIKE}")) == f"see {link}"


def test_an_address_that_is_not_safe_is_no_link() -> None:
    assert typed_link("https://ann@a.example") is None
