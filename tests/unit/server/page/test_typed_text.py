"""Messages of the format `text`."""

from __future__ import annotations

import pytest
from hypothesis import given

from hipkit.server.page.rendering import References
from tests.unit.server.page.messages import (
    ANN,
    HOSTILE,
    KEY,
    SMILE,
    check,
    message,
    shown,
)


@given(HOSTILE)
def test_text_is_never_read_as_html(body: str) -> None:
    references = References(people={7: ANN}, emoticons={"smile": SMILE}, parents={})
    check(shown(message(body=body, mentions='{"users":[7]}'), references))


def test_mentions_emoticons_and_links_are_marked_up() -> None:
    references = References(people={7: ANN}, emoticons={"smile": SMILE}, parents={})
    body = "@Ann and @all: (smile) (frown) @bob https://a.example/x?a=1&b=2."
    html = shown(message(body=body, mentions='{"users":[7]}'), references)
    assert '<span class="mention" data-person="7">@Ann</span>' in html
    assert '<span class="mention" data-everybody>@all</span>' in html
    assert f'src="/pictures/{KEY}"' in html
    assert "(frown)" in html
    assert ">@bob" not in html
    assert '<a href="https://a.example/x?a=1&amp;b=2"' in html
    assert check(html).text.count(body.replace("(smile) ", "").split(" ")[0]) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("/code a\n  @all", "<code>a\n  @all</code>"),
        ("/code\n a", "<code> a</code>"),
        ("/quote so", '<blockquote class="body typed" dir="auto">so</blockquote>'),
        ("/me waves", "<bdi>Somebody</bdi> waves"),
        ("/codex", ">/codex</div>"),
    ],
)
def test_slash_commands_choose_the_element(body: str, expected: str) -> None:
    assert expected in shown(message(body=body))


def test_line_ends_are_kept() -> None:
    assert ">one\n\n two</div>" in shown(message(body="one\r\n\r\n two"))
