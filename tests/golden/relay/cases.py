"""Messages that every target renders, and what a route says about them.

The events are read as those of the server are. `GUIDE` names the ones that the reference shows.
"""

# A case is a row of a table, and hostile text is ambiguous on purpose.
# ruff: noqa: E501, RUF001

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from hipkit.relay.markup.tree import Element, Text
from hipkit.relay.message import RelayMessage
from hipkit.relay.reading import read_posted
from hipkit.relay.targets.protocol import RenderOptions
from hipkit.server.events.posted import PostedFile, PostedMessage

__all__ = ["CASES", "GUIDE", "Case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message, and what its route says about it."""

    message: RelayMessage
    options: RenderOptions = field(default_factory=RenderOptions)
    source: str = ""
    """What the program sent, for the reference."""


ID = "01998f3e-8d5c-7a4e-9b1e-2f6a3c4d5e6f"
SENT_US = 1_796_032_800_000_000
LINK = f"https://relay.example.com/relay/m/{ID}?s=signed"
FILE_LINK = "https://relay.example.com/relay/f/build.log?s=signed"
LOG = PostedFile(
    key="file-1", name="build.log", size_bytes=12_345, content_type="text/plain"
)
PLOT = PostedFile(
    key="file-2", name="load.png", size_bytes=54_321, content_type="image/png"
)


def notification(body: str, **fields: Any) -> PostedMessage:
    """Return a stored notification of HTML."""
    values: dict[str, Any] = {"color": "yellow", "format": "html", "sender": "Jenkins"}
    return posted("notification", body, values | fields)


def text(body: str, **fields: Any) -> PostedMessage:
    """Return a stored message of a person."""
    return posted("message", body, {"sender": "Ann Lee"} | fields)


def posted(kind: Any, body: str, fields: dict[str, Any]) -> PostedMessage:
    """Return a stored message in a room."""
    return PostedMessage(
        id=ID,
        sent_us=SENT_US,
        kind=kind,
        **({"room": "Dev Ops", "body": body} | fields),
    )


def case(event: PostedMessage, *, title: str | None = None, **options: Any) -> Case:
    """Return a case of a stored message."""
    message = read_posted(event, title=title, link=LINK, file_link=FILE_LINK)
    return Case(message=message, options=RenderOptions(**options), source=event.body)


def carded(card: dict[str, Any], body: str = "Build 17 failed", **fields: Any) -> Case:
    """Return a case of a notification with a card."""
    encoded = msgspec.json.encode({"id": "card-1"} | card).decode()
    return case(notification(body, card=encoded, **fields))


EVERY_TAG = """
<p>Build <a href="https://ci.example.com/job/17/">#17</a> <b>failed</b> in <i>3 min</i>,
<strong>2</strong> <em>tests</em> <s>skipped</s> <del>gone</del> on <code>web-1 `x` |</code>.<br>See below.</p>
<ul><li>one_test</li><li>two <b>*tests*</b><ol><li>deep</li><li>deeper</li></ol></li></ul>
<table><thead><tr><th>host</th><th>load | cpu</th></tr></thead>
<tbody><tr><td>web-1</td><td><b>17.3</b> &lt; 20</td></tr><tr><td>web-2</td></tr></tbody></table>
<blockquote>said <i>Bob</i><br>twice</blockquote>
<pre>
def f(x):
    return x  # ``` &amp; <b>not bold</b>
</pre>
<h2>Heading</h2><dl><dt>term<dd>definition</dl>
<img src="https://ci.example.com/plot.png" alt="a plot"> <font color="red">R&amp;D</font> <unknown>tag</unknown>
"""
MENTIONS = "@here @all @channel @everyone @room @**all** @_**all** @ann"
BRACKETS = "<!here> <!channel|x> <@U123> <#C1> <users/all> </users/all> <@&1> <a:b:1>"
LINKS = (
    "[a](javascript:alert(1)) <javascript:alert(1)|x> javascript:alert(1)"
    " ![i](https://evil.example/x.png) <https://evil.example|https://good.example>"
)
MARKUP = "*a* _b_ ~c~ **d** __e__ ~~f~~ `g` ```h``` ||i|| $j$ \\k \\* # > - 1. | --- |"
RTL = "שלום עולם \u202eevil\u202c مرحبا"
BEYOND = "👩🏽‍🚀 𝒳 🏴󠁧󠁢󠁥󠁮󠁧󠁿 e\u0301"
BROKEN = "nul \0 bell \x07 half \ud83d zero\u200bwidth @\u200bhere"
LONG = "The quick brown fox *jumps* over the <lazy> dog & runs. "

APPLICATION = {
    "style": "application",
    "format": "medium",
    "url": "https://ci.example.com/job/17/",
    "title": "Build #17 of web_app",
    "description": {"value": "Failed on <b>web-1</b> after <i>3 min</i>", "format": "html"},
    "icon": {"url": "https://ci.example.com/icon.png", "url@2x": "https://ci.example.com/icon2.png"},
    "activity": {"html": "<b>Jenkins</b>: build 17 failed"},
    "thumbnail": {"url": "https://ci.example.com/plot.png", "width": 200, "height": 100},
    "attributes": [
        {"label": "State", "value": {"label": "Failed", "style": "lozenge-error"}},
        {"label": "Last", "value": {"label": "#16", "url": "https://ci.example.com/job/16/", "style": "lozenge-success"}},
        {"label": "Branch", "value": {"label": "fix_*_this|now", "icon": {"url": "https://ci.example.com/b.png"}}},
        {"value": {"label": "alone", "style": "lozenge-current"}},
    ],
}  # fmt: skip

CASES: dict[str, Case] = {
    # What programs and people send
    "text": case(text("Deploying web-1 now, see https://wiki.example.com/a_b (thumbsup)")),
    "html": case(notification(EVERY_TAG)),
    "html-small": case(
        notification(
            'Build <a href="https://ci.example.com/job/17/">#17</a> <b>failed</b>:'
            "<ul><li>test_login</li><li>test_logout</li></ul>",
            color="red",
        )
    ),
    "lines": case(text("first  line\n    indented\n\n- no list\n1. no list\n# no heading")),
    "code": case(text("/code for x in y:\n    print(x, '@here', `1`)")),
    "quote": case(text("/quote never again\n  said Bob")),
    "me": case(text("/me waves")),
    "notification-text": case(notification("disk <b>full</b> on a_b_c", format="text")),
    **{
        f"color-{color}": case(notification(f"{color} alert", color=color))
        for color in ("yellow", "green", "red", "purple", "gray")
    },
    "avatar": case(notification("hello", avatar_url="https://ci.example.com/face.png")),
    "title": case(notification("disk full", color="red"), title="{room}: {color}"),
    "topic": case(posted("topic", "Release on *Friday*", {"sender": "Ann Lee"})),
    "topic-cleared": case(posted("topic", "", {"sender": "Ann Lee"})),
    "private": case(text("just you", room=None, recipient="Bob")),
    "empty": case(notification("")),
    # Who is told
    "loud": case(notification("web-1 is down", color="red", notify=True)),
    "loud-never": case(notification("web-1 is down", notify=True), notify="never"),
    "loud-mention": case(notification("web-1 is down", notify=True), notify="mention"),
    "quiet-mention": case(notification("web-1 is up"), notify="mention"),
    "mapped": case(
        text("@bob and @carol: look", mentions=("bob", "carol")), mentions={"bob": "U123"}
    ),
    "mapped-never": case(
        text("@bob: look", mentions=("bob",)), mentions={"bob": "U123"}, notify="never"
    ),
    "everybody": case(text("@all @here lunch", mentions=("all", "here"))),
    # Cards
    "card": carded(APPLICATION, color="red"),
    "card-link": carded(
        {"style": "link", "url": "https://wiki.example.com/x", "title": "How to deploy",
         "description": "A page of the *wiki*", "thumbnail": {"url": "https://wiki.example.com/t.png"}}
    ),
    "card-file": carded(
        {"style": "file", "url": "https://files.example.com/a.pdf", "title": "report.pdf",
         "description": {"value": "2 pages", "format": "text"}}
    ),
    "card-image": carded({"style": "image", "url": "https://ci.example.com/plot.png", "title": "Load"}),
    "card-media": carded(
        {"style": "media", "url": "https://video.example.com/1", "title": "Video",
         "thumbnail": {"url": "https://video.example.com/t.png", "url@2x": "https://video.example.com/t2.png"}}
    ),
    "card-broken": carded({"style": 7, "title": [], "attributes": "none"}, "see <b>below</b>"),
    "card-hostile": carded(
        {"style": "application", "title": f"{MENTIONS} {BRACKETS}", "url": "javascript:alert(1)",
         "description": MARKUP, "activity": {"html": f"{MENTIONS} {LINKS}"},
         "attributes": [{"label": BRACKETS, "value": {"label": f"{MENTIONS}|{MARKUP}", "url": "data:x"}}]}
    ),
    "card-long": carded(
        APPLICATION
        | {"title": "t" * 900, "description": LONG * 100, "activity": {"html": LONG * 50},
           "attributes": [{"label": f"label {n} " * 20, "value": {"label": LONG * 9}} for n in range(40)]}
    ),
    "reply": case(
        text("fixed", attach_to="card-1"), references={"card-1": "1724.0001"}
    ),
    "reply-unknown": case(text("fixed", attach_to="card-2")),
    # Files
    "file": case(text("the log", file=LOG)),
    "file-uploaded": case(
        text("the plot", file=PLOT), references={"file-2": "uploaded-2"}
    ),
    # Long text
    "long": case(text(LONG * 400)),
    "long-html": case(notification(f"<b>{LONG}</b><ul>{'<li>' + LONG * 3 + '</li>'}</ul>" * 60)),
    "long-word": case(text("x" * 20_000)),
    "long-names": case(text("hello", sender="n" * 500, room="r" * 500), title="{room} " * 9),
    # Hostile text
    "pings": case(notification(f"{MENTIONS} <b>@</b>here {MENTIONS}<br>{MENTIONS}")),
    "pings-text": case(text(f"{MENTIONS}\n{BRACKETS}")),
    "pings-code": case(notification(f"<code>{MENTIONS}</code><pre>{MENTIONS} &lt;!here&gt;</pre>")),
    "pings-names": case(text("hello", sender=f"{MENTIONS} {BRACKETS}"), title=f"{MENTIONS} {BRACKETS}"),
    "links": case(notification(LINKS)),
    "links-text": case(text(LINKS)),
    "markup": case(text(f"{MARKUP}\n{MARKUP}")),
    "rtl": case(text(RTL)),
    "beyond": case(text(BEYOND * 50)),
    "broken": case(text(BROKEN)),
    "spoofed": case(text("hello\n\n**Boss**: pay now", sender="Boss\nAdmin")),
    # Refused before
    "plain": replace(case(notification(EVERY_TAG)), options=RenderOptions(plain=True)),
    "plain-card": replace(carded(APPLICATION), options=RenderOptions(plain=True)),
    "plain-long": replace(case(text(LONG * 400)), options=RenderOptions(plain=True)),
}  # fmt: skip

CASES["summary"] = Case(
    message=RelayMessage(
        id="01998f3e-8d5c-7a4e-9b1e-000000000000",
        sent_at=CASES["text"].message.sent_at,
        kind="summary",
        room="Dev Ops",
        sender="hipkit",
        label="hipkit",
        body=(
            Text("143 messages while this chat could not be reached"),
            Element(
                tag="ul",
                children=(
                    Element(
                        tag="li",
                        children=(Element(tag="a", url=LINK, children=(Text("120 from Nagios"),)),),
                    ),
                    Element(tag="li", children=(Text("23 from Jenkins"),)),
                ),
            ),
        ),
    )
)  # fmt: skip

GUIDE = {
    "html-small": "A notification with HTML, red",
    "loud-mention": "One with `notify`, on a route with `notify = \"mention\"`",
    "card": "A card",
    "text": "A message of a person",
    "mapped": "A mention, on a route with `mentions = { bob = \"U123\" }`",
    "file": "A file that is linked",
    "reply": "A reply to a card that was sent before",
    "topic": "A new topic",
    "pings": "Text that would ring, if it were copied",
}  # fmt: skip
"""Cases that the reference shows -> what they are."""
