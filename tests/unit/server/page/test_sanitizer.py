"""HTML of messages: safe whatever was sent, and complete."""

from __future__ import annotations

import re
import time
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given
from markupsafe import escape

from hipkit.api.messages.message_html import Text, read_html
from hipkit.server.page.sanitizer import sanitize
from tests.unit.server.page.messages import (
    HOSTILE,
    KEY,
    NO_REFERENCES,
    OPEN_RENDERER,
    Checker,
    card,
    check,
    notification,
    shown,
)


@given(HOSTILE)
def test_html_of_a_message_brings_no_other_tag_attribute_or_source(
    body: str,
) -> None:
    check(shown(notification(body)))


@given(HOSTILE)
def test_outside_pictures_are_loaded_from_web_addresses_only(
    body: str,
) -> None:
    checker = Checker()
    checker.feed(OPEN_RENDERER.render(notification(body), NO_REFERENCES))
    for source in checker.sources:
        assert source.startswith(("http://", "https://", "/files/", "/pictures/"))


def test_tags_that_hipchat_allowed_are_kept() -> None:
    body = (
        "<b>b</b><i>i</i><strong>s</strong><em>e</em><br><pre>p</pre><code>c</code>"
        "<ul><li>l</li></ul><table><tbody><tr><td>t</td></tr></tbody></table>"
    )
    assert body in shown(notification(body))


AS_TYPED = [
    "From: Bob <bob@example.com> wrote",
    "job=<none> is down",
    "if (a<b) then",
    "<script>alert(1)</script>",
    "<style>*{}</style>",
    "<svg onload=x()>",
    "<SVG><MATH>",
    "<iframe srcdoc='<script>x()</script>'></iframe>",
    "<!-- c -->",
    "<![CDATA[x]]>",
    "<?php x ?>",
    "</nosuch>",
    '<img alt="x" onerror="x()">',
    '<a title="x" onclick="x()">',
    "<noscript><template><textarea><plaintext><xmp>",
    "&lt;b&gt;",
    "a &amp;lt; b",
]


@pytest.mark.parametrize("body", AS_TYPED)
def test_other_tags_are_shown_as_they_were_typed(body: str) -> None:
    typed = body.replace("&amp;", "&").replace("&lt;b&gt;", "<b>")
    for record in (
        notification(body),
        notification(f"<b>{body}</b>"),
        card(description={"value": body, "format": "html"}),
        card(activity={"html": body}),
    ):
        html = shown(record)
        check(html)
        assert str(escape(typed)).replace("&#34;", '"').replace("&#39;", "'") in html


class Visible(HTMLParser):
    """Collects what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.signs: Counter[str] = Counter()

    def handle_data(self, data: str) -> None:
        self.signs.update("".join(data.split()))


def visible(html: str) -> Counter[str]:
    reader = Visible()
    reader.feed(html)
    reader.close()
    return reader.signs


# nh3 moves what stands between a table and its cells before it: so signs are counted.
@given(HOSTILE.filter(lambda body: "<img" not in body.lower()))
def test_no_character_of_the_text_is_lost(body: str) -> None:
    texts = [part.text for part in read_html(body) if isinstance(part, Text)]
    assert visible(sanitize(body)) == Counter("".join("".join(texts).split()))


@given(HOSTILE.filter(lambda body: not re.search("<(a|img)", body.lower())))
def test_sanitizing_twice_shows_the_same_text_as_once(body: str) -> None:
    once = sanitize(body, outside_pictures=True)
    assert visible(sanitize(once, outside_pictures=True)) == visible(once)


@pytest.mark.parametrize("piece", ["<b>", "<", "<ul><li>", "<i><p>", "<none>", "<a "])
def test_the_longest_message_takes_less_than_five_seconds_of_cpu(piece: str) -> None:
    body = (piece * 10_000)[:10_000]
    began = time.process_time()
    check(shown(notification(body)))
    assert time.process_time() - began < 5


def test_a_style_becomes_classes_of_the_page() -> None:
    style = (
        "color: #FF0000; font-weight: bold; text-decoration: underline; width: 50px;"
        " background: url(https://a.example); position: fixed"
    )
    html = shown(notification(f'<span style="{style}" class="own">x</span>'))
    assert '<span class="ink-red bold underlined wide-48">x</span>' in html
    assert "style=" not in html


def test_classes_of_a_message_are_dropped() -> None:
    html = shown(notification('<span class="ink-red message own">x</span>'))
    assert "<span>x</span>" in html


def test_cells_keep_spans_and_alignment_within_bounds() -> None:
    html = shown(
        notification(
            '<table><tr valign="TOP"><td colspan="2" rowspan="999999" valign="middle"'
            ' bgcolor="red">x</td><th colspan="0" valign="x">y</th></tr></table>'
        )
    )
    assert (
        '<tr valign="top"><td colspan="2" rowspan="100" valign="middle">x</td>' in html
    )
    assert "<th>y</th>" in html


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('width="20" height="30"', 'width="20" height="30"'),
        ('width="99999"', 'width="1000"'),
        ('width="250%"', 'width="100%"'),
        ('style="width: 40px; height: 2.5px"', 'width="40" height="2"'),
        ('width="10" style="width:30px"', 'width="30"'),
        ('width="0"', 'width="1"'),
        ('width="-5"', ""),
        ('width="calc(1px)"', ""),
        ('align="LEFT"', 'align="left"'),
        ('align="evil"', ""),
    ],
)
def test_sizes_and_alignment_of_pictures_are_kept_within_bounds(
    given: str, kept: str
) -> None:
    html = shown(notification(f'<img src="/files/{KEY}/x.png" {given}>'))
    start = f'<img src="/files/{KEY}/x.png"'
    found = html[html.index(start) + len(start) :].partition(">")[0].split()
    ours = {'referrerpolicy="no-referrer"', 'loading="lazy"'}
    assert set(found) - ours == set(kept.split())


def test_a_link_opens_a_new_window_without_a_referrer() -> None:
    html = shown(notification('<a href="https://ci.example.com/1">1</a>'))
    assert (
        '<a href="https://ci.example.com/1" target="_blank"'
        ' rel="noopener noreferrer nofollow">1</a>'
    ) in html


@pytest.mark.parametrize(
    "url", ["javascript:x()", "data:text/html,x", "/sign-out", "//a.example", "nowhere"]
)
def test_links_lead_to_web_and_mail_addresses_only(url: str) -> None:
    assert url not in shown(notification(f'<a href="{url}">here</a>'))
    assert url not in shown(card(url=url))


def test_an_outside_picture_becomes_a_link() -> None:
    html = shown(
        notification('<img src="https://a.example/x.png" alt="&quot;load&quot;">')
    )
    assert "<img" not in html
    assert 'href="https://a.example/x.png"' in html
    assert "&quot;load&quot;</a>" in html


def test_an_outside_picture_inside_a_link_becomes_text() -> None:
    html = shown(
        notification(
            '<a href="https://ci.example.com"><img src="https://a.example/x.png"></a>'
        )
    )
    assert '<span class="picture-link">x.png</span></a>' in html
    check(html)


@pytest.mark.parametrize("host", ["", "https://chat.example.com", "http://10.0.0.1:80"])
def test_a_picture_of_this_server_is_shown_whatever_its_host(
    host: str,
) -> None:
    html = shown(notification(f'<img src="{host}/files/{KEY}/x.png">'))
    assert f'src="/files/{KEY}/x.png"' in html


def test_outside_pictures_are_shown_where_the_operator_allows_them() -> None:
    html = OPEN_RENDERER.render(
        notification('<img src="https://a.example/x.png">'), NO_REFERENCES
    )
    assert 'src="https://a.example/x.png"' in html
    assert 'referrerpolicy="no-referrer"' in html
