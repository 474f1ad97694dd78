from __future__ import annotations

import json
from typing import Any

import pytest
from markdown_it import MarkdownIt

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import Attribute, RelayCard, RelayPicture
from hipkit.relay.targets.protocol import RenderOptions, Reply, Verdict
from hipkit.relay.targets.teams import Teams, TeamsSettings
from tests.golden.relay.cases import BRACKETS, LINKS, MARKUP, MENTIONS
from tests.unit.relay.messages import message

URL = Secret("https://prod.logic.azure.com/workflows/s")
FLOW = TeamsSettings(url=URL)
TEXTS = TeamsSettings(url=URL, format="text")
CARD = RelayCard(
    id="c",
    style="application",
    title="Build *17*",
    url="https://ci.example.com/17",
    description=(Text("broken"),),
    attributes=(Attribute(label="State", value="Failed", level="failure"),),
    thumbnail=RelayPicture(url="https://ci.example.com/t.png"),
)


def body(
    options: RenderOptions | None = None,
    settings: TeamsSettings = FLOW,
    **changes: Any,
) -> Any:
    call = Teams().render(message(**changes), settings, options or RenderOptions())
    return json.loads(call.body)


def card(options: RenderOptions | None = None, **changes: Any) -> Any:
    return body(options, **changes)["attachments"][0]["content"]


def texts(options: RenderOptions | None = None, **changes: Any) -> list[str]:
    blocks = card(options, **changes)["body"]
    return [block["text"] for block in blocks if "text" in block]


def test_a_message_is_an_adaptive_card_in_the_color() -> None:
    sent = body(title="CI")
    assert sent["type"] == "message"
    assert sent["attachments"][0].keys() == {"contentType", "content"}
    head, text, small = sent["attachments"][0]["content"]["body"]
    assert head["style"] == "attention"
    assert [item["text"] for item in head["items"]] == ["Jenkins", "CI"]
    assert text["text"] == "Build failed"
    assert small["text"].startswith("Dev Ops · {{DATE(2026-11-30T10:00:00Z, SHORT)}}")


def test_phones_ring_with_a_summary() -> None:
    assert body()["summary"] == "Jenkins: Build failed"
    assert card()["fallbackText"] == "Jenkins: Build failed"


def test_lines_and_code_have_no_marks_that_cards_do_not_know() -> None:
    code = Element(tag="pre", children=(Text("a\n  *b*"),))
    nodes = (
        Text("1"),
        Element(tag="br"),
        Element(tag="s", children=(Text("2"),)),
        code,
    )
    assert texts(body=nodes)[0] == "1\n\n2\n\na\n\n\u00a0\u00a0\\*b\\*"


@pytest.mark.parametrize("typed", [MARKUP, LINKS, BRACKETS, MENTIONS, "# a", "1. a"])
def test_what_was_typed_is_no_markup(typed: str) -> None:
    # Desktops read the text of cards with markdown-it.
    tokens = MarkdownIt().parse(texts(body=(Text(typed),))[0])
    paragraph = [token.type for token in tokens]
    assert paragraph == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children or ()} == {"text"}
    assert tokens[1].children is not None
    shown = "".join(child.content for child in tokens[1].children)
    assert shown.replace("\u200b", "") == typed


def test_a_card_has_facts_a_picture_and_a_button() -> None:
    shown = card(card=CARD)
    kinds = [block["type"] for block in shown["body"]]
    assert kinds == ["Container", *["TextBlock"] * 3, "FactSet", "Image", "TextBlock"]
    facts = [{"title": "State", "value": "🔴 Failed"}]
    assert shown["body"][4]["facts"] == facts
    assert shown["actions"][0]["url"] == "https://ci.example.com/17"
    assert r"Build \*17\*" in texts(card=CARD)


def test_a_card_is_within_the_limit_with_everything_at_its_longest() -> None:
    picture = RelayPicture(url="https://x.y/" + "p" * 1_900)
    value = Attribute(
        label="\\" * 250, value="<" * 1_000, url="https://x.y/" + "u" * 900
    )
    long = RelayCard(
        id="c",
        style="media",
        title="*" * 250,
        url="https://x.y/" + "c" * 1_900,
        description=(Text("[long] " * 10_000),),
        attributes=(value,) * 50,
        activity=(Text("_beside_ " * 10_000),),
        thumbnail=picture,
    )
    options = RenderOptions(mentions={f"n{n}": "u" * 200 for n in range(300)})
    named = tuple(Mention(f"n{n}") for n in range(300)) * 20
    for changes in ({"card": long}, {"body": named}):
        shown = message(label="\\" * 100, **changes)
        sent = Teams().render(shown, FLOW, options)
        assert 20_000 < len(sent.body) <= 28_000


def test_mapped_users_are_mentioned_where_the_text_names_them() -> None:
    options = RenderOptions(mentions={"bob": "bob@example.com", "eve": "e<"})
    nodes = (Mention("bob"), Text(" "), Mention("eve"))
    shown = card(options, body=nodes)
    assert shown["body"][1]["text"] == "<at>bob</at> @\u200beve"
    user = {"id": "bob@example.com", "name": "bob"}
    entity = {"type": "mention", "text": "<at>bob</at>", "mentioned": user}
    assert shown["msteams"]["entities"] == [entity]
    assert "entities" not in card(options)["msteams"]
    quiet = RenderOptions(mentions=options.mentions, notify="never")
    assert "entities" not in card(quiet, body=nodes)["msteams"]


def test_a_flow_that_posts_text_gets_html() -> None:
    nodes = (Text("a < b "), Element(tag="b", children=(Text("@here"),)))
    sent = body(settings=TEXTS, body=nodes, title="CI")
    assert sent["text"] == (
        "<strong>Jenkins · CI</strong><br>a &lt; b <strong>@\u200bhere</strong>"
    )
    assert "attachments" not in sent


def test_what_was_refused_is_plain() -> None:
    options = RenderOptions(plain=True)
    nodes = (Element(tag="b", children=(Text("a"),)), Element(tag="br"), Text("b"))
    assert texts(options, body=nodes) == ["a\n\nb"]
    assert "actions" not in card(options, card=CARD)
    assert body(options, settings=TEXTS, body=nodes)["text"] == "Jenkins<br>a<br>b"


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (202, b"", "delivered"),
        (200, b"{}", "delivered"),
        (200, b" <html>", "route"),
        (400, b'{"error": {"code": "TriggerInputSchemaMismatch"}}', "content"),
        (400, b'{"error": {"code": "WorkflowTriggerIsNotEnabled"}}', "route"),
        (401, b'{"error": {"code": "DirectApiAuthorizationRequired"}}', "route"),
        (404, b'{"error": {"code": "WorkflowNotFound"}}', "route"),
        (413, b"", "content"),
        (429, b'{"error": {"code": "WorkflowNotFound"}}', "later"),
        (502, b'{"error": "x"}', "later"),
    ],
)
def test_answers_of_a_flow(status: int, said: bytes, verdict: Verdict) -> None:
    assert Teams().read(Reply(status=status, body=said)).verdict == verdict


def test_a_throttled_flow_says_how_long_to_wait() -> None:
    answer = Teams().read(Reply(status=429, headers={"retry-after": "12"}))
    assert answer.wait_seconds == 12.0


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^url ") as raised:
        TeamsSettings(url=Secret("t0psecr3t"))
    assert "t0psecr3t" not in str(raised.value)
