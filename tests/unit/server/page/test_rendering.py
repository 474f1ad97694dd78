"""What a stored message looks like on the page: complete, and harmless whatever was sent."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from hipkit.api.message_html import Text, read_html
from hipkit.server.page.plain import one_line
from hipkit.server.page.rendering import Renderer, Surroundings
from hipkit.server.page.sanitizing import ATTRIBUTES, TAGS, sanitize
from hipkit.server.storage.stores.emoticons import EmoticonRecord
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.users import UserRecord

KEY = "k" * 32
OWN_TAGS = {
    *("article", "header", "b", "bdi", "a", "time", "div", "p", "span", "img", "pre"),
    *("code", "blockquote", "details", "summary", "dl", "dt", "dd"),
}
OWN_ATTRIBUTES = {
    *("class", "id", "dir", "title", "alt", "href", "src", "target", "rel", "loading"),
    *("width", "height", "datetime", "tabindex", "referrerpolicy", "aria-hidden"),
    *("data-moment", "data-sender", "data-person", "data-everybody"),
}
SENT_ATTRIBUTES = {name for names in ATTRIBUTES.values() for name in names}
VOID = {"img", "br"}

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("hipkit.server.page"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
RENDERER = Renderer(ENVIRONMENT)
OPEN_RENDERER = Renderer(ENVIRONMENT, outside_pictures=True)
ALONE = Surroundings(people={}, emoticons={}, answered={})

ANN = UserRecord(
    *(7, 1, "Ann Example", "ann", "ann@example.com", "", "[]", False, False, False),
    *("UTC", None, None, None, 0, None, "v"),
)
SMILE = EmoticonRecord(1, 1, "Smile", "group", KEY, 20, 20, None)


def message(**members: Any) -> MessageRecord:
    values = {
        "id": "m-1",
        "conversation_id": 1,
        "sent_us": 1_700_000_000_123_456,
        "kind": "message",
        "sender_id": None,
        "sender_label": "Somebody",
        "client_id": None,
        "body": "Hello",
        "format": "text",
        "color": None,
        "notify": False,
        "card": None,
        "attach_to": None,
        "mentions": "{}",
        "links": "[]",
        "is_deleted": False,
        "file_key": None,
        "file_name": None,
        "file_size_bytes": None,
        "file_content_type": None,
    }
    return MessageRecord(**{**values, **members})


def notification(body: str, **members: Any) -> MessageRecord:
    return message(kind="notification", format="html", body=body, **members)


def card(**members: Any) -> MessageRecord:
    whole = {"id": "c", "style": "application", "title": "Title", **members}
    return notification("instead of the card", card=json.dumps(whole))


def shown(record: MessageRecord, around: Surroundings = ALONE) -> str:
    return RENDERER.render(record, around)


class Checker(HTMLParser):
    """Fails at whatever the page does not write itself or let through."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in OWN_TAGS | TAGS
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert name in OWN_ATTRIBUTES | SENT_ATTRIBUTES
            if name == "href":
                assert (
                    (value or "")
                    .lower()
                    .startswith(("http://", "https://", "mailto:", "?at=", "/files/"))
                )
            if name == "src":
                self.sources.append(value or "")
            if name == "target":
                assert "noopener" in (dict(attrs)["rel"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        pytest.fail("a comment got through")


def check(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert all(
        source.startswith(("/files/", "/pictures/")) for source in checker.sources
    )
    return checker


# Hypothesis finds little by itself in a space this large: pieces of known attacks, and glue.
PIECES = st.sampled_from(
    [
        *("<script>x()</script>", "<img src=x onerror=x()>", "<svg onload=x()>"),
        *("<style>*{}</style>", "<a href='javascript:x()'>", "</a>", "</article>"),
        *("<iframe srcdoc='<script>x()</script>'>", "<!--", "-->", "<![CDATA[", "]]>"),
        *("<math><mtext><table><mglyph><style><!--</style>", "<template>", "</div>"),
        *('" onmouseover="x()', "' autofocus onfocus='x()", "<form action=/x>"),
        *(
            "<a href=' jAvA\tscript:x()'>",
            "<a href='data:text/html,x'>",
            "&lt;script&gt;",
        ),
        *("<img src='http://a.example/x.png'>", "<meta http-equiv=refresh>", "<base>"),
        *(
            "<b>",
            "</b>",
            "</b>",
            "<none>",
            "<bob@example.com>",
            "<span style='color:red;x:y'>",
            "</table>",
            "<td>",
            "<table><tr><td>",
            "<pre>",
            "<a href='http://a.example'>",
            "\0",
        ),
        *(
            "@ann",
            "@all",
            "(smile)",
            "http://a.example/<b>",
            "/code ",
            "\r\n",
            "\u202e",
        ),
        *(
            "{{ 7*7 }}",
            "<a style='x' class='y' id='z' target='_self'>",
            "<input autofocus>",
        ),
    ]
)
HOSTILE = st.lists(PIECES | st.text(max_size=12), max_size=12).map("".join)


@given(HOSTILE)
def test_html_that_somebody_sent_never_gets_anything_else_onto_the_page(
    body: str,
) -> None:
    check(shown(notification(body)))


@given(HOSTILE)
def test_typed_text_is_never_read_as_html(body: str) -> None:
    around = Surroundings(people={7: ANN}, emoticons={"smile": SMILE}, answered={})
    check(shown(message(body=body, mentions='{"users":[7]}'), around))


@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(["html", "text"]))
def test_a_card_never_gets_anything_else_onto_the_page(
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


@given(HOSTILE)
def test_names_topics_and_files_never_get_anything_else_onto_the_page(
    text: str,
) -> None:
    check(
        shown(
            message(
                sender_label=text,
                file_key=KEY,
                file_name=text or None,
                file_content_type="image/png",
            )
        )
    )
    check(shown(message(kind="topic", body=text, sender_label=text)))
    answering = Surroundings(
        people={}, emoticons={}, answered={"p": message(body=text, sender_label=text)}
    )
    check(shown(message(attach_to="p"), answering))


@given(HOSTILE)
def test_even_with_outside_pictures_only_pictures_of_the_web_are_loaded(
    body: str,
) -> None:
    checker = Checker()
    checker.feed(OPEN_RENDERER.render(notification(body), ALONE))
    for source in checker.sources:
        assert source.startswith(("http://", "https://", "/files/", "/pictures/"))


def test_what_hipchat_allowed_is_kept() -> None:
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
def test_what_is_not_drawn_is_shown_as_it_was_typed(body: str) -> None:
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


def test_a_card_draws_less_than_a_notification() -> None:
    body = "<b>b</b><span>s</span><pre>p</pre><table><tr><td>t</table>"
    html = shown(card(description={"value": body, "format": "html"}))
    assert "<b>b</b><span>s</span>&lt;pre&gt;p&lt;/pre&gt;&lt;table&gt;" in html


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
def test_every_sign_that_somebody_sent_is_drawn_or_read(body: str) -> None:
    texts = [part.text for part in read_html(body) if isinstance(part, Text)]
    assert visible(sanitize(body)) == Counter("".join("".join(texts).split()))


@given(HOSTILE.filter(lambda body: not re.search("<(a|img)", body.lower())))
def test_what_was_made_harmless_stays_as_it_is(body: str) -> None:
    once = sanitize(body, outside_pictures=True)
    assert visible(sanitize(once, outside_pictures=True)) == visible(once)


@pytest.mark.parametrize("piece", ["<b>", "<", "<ul><li>", "<i><p>", "<none>", "<a "])
def test_the_longest_message_is_shown_at_once(piece: str) -> None:
    body = (piece * 10_000)[:10_000]
    began = time.process_time()
    check(shown(notification(body)))
    assert time.process_time() - began < 5


def test_what_a_style_says_becomes_classes_of_the_page() -> None:
    style = (
        "color: #FF0000; font-weight: bold; text-decoration: underline; width: 50px;"
        " background: url(https://a.example); position: fixed"
    )
    html = shown(notification(f'<span style="{style}" class="own">x</span>'))
    assert '<span class="ink-red bold underlined wide-48">x</span>' in html
    assert "style=" not in html


def test_a_class_that_somebody_sent_is_none() -> None:
    html = shown(notification('<span class="ink-red message own">x</span>'))
    assert "<span>x</span>" in html


def test_cells_keep_what_sets_a_table() -> None:
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
def test_pictures_have_sizes_within_bounds(given: str, kept: str) -> None:
    html = shown(notification(f'<img src="/files/{KEY}/x.png" {given}>'))
    start = f'<img src="/files/{KEY}/x.png"'
    found = html[html.index(start) + len(start) :].partition(">")[0].split()
    ours = {'referrerpolicy="no-referrer"', 'loading="lazy"'}
    assert set(found) - ours == set(kept.split())


def test_lines_and_cells_of_a_message_stand_apart_where_it_is_quoted() -> None:
    table = (
        "<table><tr><td>Host</td><td>State</td></tr><tr><td>db</td><td>up</td></table>"
    )
    parent = notification(table + "<none>", id="p")
    around = Surroundings(people={}, emoticons={}, answered={"p": parent})
    html = shown(message(attach_to="p"), around)
    assert "<bdi>Host | State db | up &lt;none&gt;</bdi>" in html


def test_a_card_is_quoted_by_what_is_read_of_it() -> None:
    body = '<a href="javascript:x()">here</a> &lt;b&gt;<none><p>below'
    parent = card(description={"value": body, "format": "html"})
    around = Surroundings(people={}, emoticons={}, answered={"p": parent})
    html = shown(message(attach_to="p"), around)
    assert "<bdi>Title here &lt;b&gt;&lt;none&gt; below</bdi>" in html


def test_a_link_that_somebody_sent_leads_out_and_tells_nothing() -> None:
    html = shown(notification('<a href="https://ci.example.com/1">1</a>'))
    assert (
        '<a href="https://ci.example.com/1" target="_blank"'
        ' rel="noopener noreferrer nofollow">1</a>'
    ) in html


@pytest.mark.parametrize(
    "url", ["javascript:x()", "data:text/html,x", "/sign-out", "//a.example", "nowhere"]
)
def test_a_link_to_anything_but_the_web_and_mail_is_none(url: str) -> None:
    assert url not in shown(notification(f'<a href="{url}">here</a>'))
    assert url not in shown(card(url=url))


def test_an_outside_picture_becomes_a_link() -> None:
    html = shown(
        notification('<img src="https://a.example/x.png" alt="&quot;load&quot;">')
    )
    assert "<img" not in html
    assert 'href="https://a.example/x.png"' in html
    assert "&quot;load&quot;</a>" in html


def test_an_outside_picture_inside_a_link_leaves_the_link_alone() -> None:
    html = shown(
        notification(
            '<a href="https://ci.example.com"><img src="https://a.example/x.png"></a>'
        )
    )
    assert '<span class="picture-link">x.png</span></a>' in html
    check(html)


@pytest.mark.parametrize("host", ["", "https://chat.example.com", "http://10.0.0.1:80"])
def test_a_picture_of_the_servers_own_is_shown_whatever_the_server_is_called(
    host: str,
) -> None:
    html = shown(notification(f'<img src="{host}/files/{KEY}/x.png">'))
    assert f'src="/files/{KEY}/x.png"' in html


def test_outside_pictures_are_shown_where_the_operator_wants_them() -> None:
    html = OPEN_RENDERER.render(
        notification('<img src="https://a.example/x.png">'), ALONE
    )
    assert 'src="https://a.example/x.png"' in html
    assert 'referrerpolicy="no-referrer"' in html


def test_mentions_emoticons_and_links_of_a_text_are_found() -> None:
    around = Surroundings(people={7: ANN}, emoticons={"smile": SMILE}, answered={})
    body = "@Ann and @all: (smile) (frown) @bob https://a.example/x?a=1&b=2."
    html = shown(message(body=body, mentions='{"users":[7]}'), around)
    assert '<span class="mention" data-person="7">@Ann</span>' in html
    assert '<span class="mention" data-everybody>@all</span>' in html
    assert f'src="/pictures/{KEY}"' in html
    assert "(frown)" in html
    assert ">@bob" not in html
    assert '<a href="https://a.example/x?a=1&amp;b=2"' in html
    assert check(html).text.count(body.replace("(smile) ", "").split(" ")[0]) == 1


def test_html_has_neither_mentions_nor_emoticons() -> None:
    html = shown(notification("@all (smile)"))
    assert "@all (smile)" in html
    assert "mention" not in html


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
def test_slash_commands_set_the_text(body: str, expected: str) -> None:
    assert expected in shown(message(body=body))


def test_line_ends_are_kept() -> None:
    assert ">one\n\n two</div>" in shown(message(body="one\r\n\r\n two"))


def test_a_long_message_is_folded_and_whole_inside() -> None:
    html = shown(message(body="word " * 1000))
    assert "Show all" in html
    assert "word " * 1000 in html
    assert "<details" in shown(message(body="\n" * 40))
    assert "<details" not in shown(message(body="word " * 100))


def test_a_person_a_program_and_a_guest_are_told_apart() -> None:
    around = Surroundings(people={7: ANN}, emoticons={}, answered={})
    assert 'title="@ann"' in shown(message(sender_id=7), around)
    assert "add-on" in shown(notification("x", client_id="c"))
    assert "guest" in shown(message())


def test_a_reply_shows_what_it_answers() -> None:
    parent = message(id="p-1", body="Is it done?", sender_label="Bob")
    around = Surroundings(people={}, emoticons={}, answered={"p-1": parent})
    html = shown(message(attach_to="p-1"), around)
    assert '<a href="?at=p-1"><bdi>Bob</bdi>: <bdi>Is it done?</bdi></a>' in html
    gone = Surroundings(
        people={},
        emoticons={},
        answered={"p-1": message(is_deleted=True, body="secret")},
    )
    assert "secret" not in shown(message(attach_to="p-1"), gone)


def test_of_a_deleted_message_nothing_is_left() -> None:
    record = notification(
        "secret", is_deleted=True, card="{}", file_key=KEY, file_name="secret"
    )
    html = shown(record)
    assert "This message was deleted" in html
    assert "secret" not in html


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
def test_a_card_that_hipchat_did_not_draw_leaves_the_text(stored: str) -> None:
    html = shown(notification("the text", card=stored))
    assert "the text" in html
    assert "chat-card" not in html


def test_a_card_with_an_activity_is_folded_into_its_line() -> None:
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


def test_a_file_is_named_measured_and_shown_if_it_is_a_picture() -> None:
    picture = {
        "file_key": KEY,
        "file_name": "a b.png",
        "file_size_bytes": 1234,
        "file_content_type": "image/png",
    }
    html = shown(message(body="", **picture))
    assert f'<img src="/files/{KEY}/a%20b.png" alt="a b.png"' in html
    assert "1.2 KB" in html
    drawing = {**picture, "file_content_type": "image/svg+xml"}
    assert "<img" not in shown(message(**drawing))


def test_a_file_cannot_pretend_to_be_of_another_kind() -> None:
    html = shown(message(file_key=KEY, file_name="photo\u202egnp.exe"))
    assert "<bdi>photognp.exe</bdi>" in html


@given(st.text())
def test_one_line_is_one_line_and_settles(text: str) -> None:
    line = one_line(text)
    assert one_line(line) == line
    assert len(line.splitlines()) <= 1
    assert not set(line) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u200b")


def test_a_name_does_not_grow_over_its_neighbours() -> None:
    assert len(one_line("Z" + "\u0301" * 500)) < 10


def test_a_moment_is_utc_until_the_browser_writes_it() -> None:
    html = shown(message())
    assert 'datetime="2023-11-14T22:13:20Z"' in html
    assert "2023-11-14 22:13 UTC</time>" in html
