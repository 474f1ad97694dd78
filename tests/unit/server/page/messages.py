"""Stored messages for tests, and a check of what the page makes of them."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest
from hypothesis import strategies as st

from hipkit.server.page.rendering import References, Renderer
from hipkit.server.page.sanitizer import ATTRIBUTES, TAGS
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
    *("data-sent", "data-sender", "data-person", "data-everybody"),
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
NO_REFERENCES = References(people={}, emoticons={}, parents={})

ANN = UserRecord(
    id=7,
    group_id=1,
    name="Ann Example",
    mention_name="ann",
    email="ann@example.com",
    title="",
    roles="[]",
    is_group_admin=False,
    is_deleted=False,
    timezone="UTC",
    photo_key=None,
    created_us=0,
    last_active_us=None,
    version="v",
)
SMILE = EmoticonRecord(
    id=1,
    group_id=1,
    shortcut="Smile",
    kind="group",
    file_key=KEY,
    width=20,
    height=20,
    creator_id=None,
)


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


def shown(record: MessageRecord, references: References = NO_REFERENCES) -> str:
    return RENDERER.render(record, references)


class Checker(HTMLParser):
    """Fails at tags and attributes that neither the page writes nor the sanitizer keeps."""

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
