"""Cards of notifications."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.server.page.messages import (
    HOSTILE,
    card,
    check,
    notification,
    shown,
)


@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(["html", "text"]))
def test_a_card_brings_no_other_tag_attribute_or_source(
    one: str, two: str, three: str, format: str
) -> None:
    record = card(
        title=one or "x",
        url=two,
        description={"value": three, "format": format},
        icon=one,
        thumbnail={"url": two},
        activity={"html": three, "icon": {"url": two}},
        attributes=[
            {"label": one, "value": {"label": two, "url": three, "style": three}}
        ],
    )
    check(shown(record))


def test_a_card_keeps_fewer_tags_than_a_notification() -> None:
    body = "<b>b</b><span>s</span><pre>p</pre><table><tr><td>t</table>"
    html = shown(card(description={"value": body, "format": "html"}))
    assert "<b>b</b><span>s</span>&lt;pre&gt;p&lt;/pre&gt;&lt;table&gt;" in html


@pytest.mark.parametrize("style", ["application", "file", "image", "link", "media"])
def test_every_style_of_card_is_drawn_instead_of_the_text(style: str) -> None:
    html = shown(card(style=style, url="https://a.example", description="What it is"))
    assert f"card-{style}" in html
    assert "What it is" in html
    assert "instead of the card" not in html


@pytest.mark.parametrize(
    "stored",
    [
        '{"id":"c","style":"link","title":"No text"}',
        '{"id":"c","style":"image","title":"No address"}',
        '{"id":"c"}',
        "no JSON",
    ],
)
def test_the_text_is_shown_for_a_card_that_hipchat_did_not_draw(stored: str) -> None:
    html = shown(notification("the text", card=stored))
    assert "the text" in html
    assert "chat-card" not in html


def test_a_card_with_an_activity_is_folded_below_it() -> None:
    html = shown(card(activity={"html": "<b>Ann</b> did it<pre>x</pre>"}))
    assert "<b>Ann</b> did it&lt;pre&gt;x&lt;/pre&gt;</span></summary>" in html
    assert html.index("did it") < html.index("Title")


def test_lozenges_keep_their_kinds_and_unknown_ones_are_plain() -> None:
    values = [
        {"value": {"label": "one", "style": "lozenge-success"}},
        {"value": {"label": "two", "style": 'lozenge-"><script>'}},
    ]
    html = shown(card(attributes=values))
    assert "lozenge lozenge-success" in html
    assert "lozenge lozenge-plain" in html
    check(html)
