from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import Attribute, RelayCard, RelayPicture
from hipkit.relay.targets.googlechat import GoogleChat, GoogleChatSettings
from hipkit.relay.targets.protocol import HttpCall, RenderOptions, Reply, Verdict
from tests.unit.relay.messages import message

HOOK = GoogleChatSettings(
    url=Secret("https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=a%2Fb")
)


def call(options: RenderOptions | None = None, **changes: Any) -> HttpCall:
    return GoogleChat().render(message(**changes), HOOK, options or RenderOptions())


def body(options: RenderOptions | None = None, **changes: Any) -> Any:
    return json.loads(call(options, **changes).body)


def query(options: RenderOptions | None = None) -> dict[str, list[str]]:
    return parse_qs(urlsplit(call(options).url.reveal()).query)


def test_a_message_has_its_id_and_keeps_the_keys_of_the_address() -> None:
    assert query() == {
        "key": ["k"],
        "token": ["a/b"],
        "requestId": [message().id],
        "messageReplyOption": ["REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"],
    }


def test_color_label_and_title_are_in_the_text() -> None:
    assert body(title="CI")["text"] == "🔴 *Jenkins*\u200b · CI\nBuild failed"


def test_a_message_begins_a_thread_and_a_reply_is_in_it() -> None:
    assert body()["thread"] == {"threadKey": message().id}
    assert body(thread="card-1")["thread"] == {"threadKey": "card-1"}
    options = RenderOptions(references={"card-1": "spaces/A/threads/B"})
    assert body(options, thread="card-1")["thread"] == {"name": "spaces/A/threads/B"}


def test_brackets_of_the_text_are_none_of_markup() -> None:
    link = Element(tag="a", url="https://x.y/a|b>", children=(Text("a|b>c"),))
    nodes = (Text("<users/all> <https://x.y|z> "), link)
    text = body(color=None, body=nodes)["text"]
    assert text == (
        "*Jenkins*\n\u2039\u200busers/all> \u2039https://x.y|z>"
        " <https://x.y/a%7Cb>|a\u00a6b\u203ac>"
    )


def test_everybody_is_mentioned_only_where_the_route_says_so() -> None:
    options = RenderOptions(notify="mention")
    assert body(options, loud=True)["text"].startswith("<users/all> ")
    assert "<users" not in body(options)["text"]
    assert "<users" not in body(loud=True)["text"]


def test_mapped_users_are_mentioned() -> None:
    nodes = (Mention("a"), Text(" "), Mention("b"))
    options = RenderOptions(mentions={"a": "12345", "b": "all"})
    assert body(options, body=nodes)["text"].endswith("<users/12345> @\u200bb")


def test_a_card_is_a_card() -> None:
    shown = RelayCard(
        id="c",
        style="application",
        title="Build <17>",
        url="https://ci.example.com/17",
        description=(Element(tag="b", children=(Text("a < b"),)),),
        attributes=(
            Attribute(label="State", value="Failed", level="failure"),
            Attribute(label="", value="x"),
        ),
        icon=RelayPicture(url="https://ci.example.com/i.png"),
        thumbnail=RelayPicture(url="https://ci.example.com/t.png"),
    )
    sent = body(card=shown)
    card = sent["cardsV2"][0]["card"]
    assert card["header"] == {
        "title": "Build \u203917>",
        "imageUrl": "https://ci.example.com/i.png",
    }
    text, state, alone, image, buttons = card["sections"][0]["widgets"]
    assert text == {"textParagraph": {"text": "<b>a &lt; b</b>"}}
    assert state["decoratedText"]["topLabel"] == "State"
    assert state["decoratedText"]["text"] == "🔴 Failed"
    assert "topLabel" not in alone["decoratedText"]
    assert image == {"image": {"imageUrl": "https://ci.example.com/t.png"}}
    assert "openLink" in buttons["buttonList"]["buttons"][0]["onClick"]
    assert sent["fallbackText"] == "🔴 Jenkins Build failed"


def test_a_card_is_within_the_limit_with_everything_at_its_longest() -> None:
    picture = RelayPicture(url="https://x.y/" + "p" * 1_900)
    attribute = Attribute(label="🚀" * 250, value="🚀" * 1_000, url=picture.url)
    card = RelayCard(
        id="c",
        style="application",
        title="🚀" * 250,
        url=picture.url,
        description=(Text("🚀 " * 10_000),),
        attributes=(attribute,) * 50,
        activity=(Text("🚀 " * 10_000),),
        icon=picture,
        thumbnail=picture,
    )
    sent = call(card=card, label="🚀" * 100, thread="t" * 200)
    assert 20_000 < len(sent.body) <= 32_000


def test_a_card_always_has_a_part() -> None:
    card = RelayCard(id="c", style="link", title="")
    shown = body(card=card)["cardsV2"][0]["card"]
    assert shown["sections"][0]["widgets"] == [{"textParagraph": {"text": "Card"}}]


def test_what_was_refused_is_plain_and_another_request() -> None:
    options = RenderOptions(plain=True)
    nodes = (Element(tag="b", children=(Text("a"),)),)
    assert body(options, body=nodes) == {"text": "🔴 Jenkins\na"}
    assert query(options)["requestId"] == [f"{message().id}-plain"]


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, {"name": "spaces/A/messages/M"}, "delivered"),
        (200, {}, "route"),
        (400, {"error": {"status": "INVALID_ARGUMENT"}}, "content"),
        (401, {"error": {"status": "UNAUTHENTICATED"}}, "route"),
        (404, {"error": {"status": "NOT_FOUND"}}, "route"),
        (429, {"error": {"status": "RESOURCE_EXHAUSTED"}}, "later"),
        (503, {"error": []}, "later"),
    ],
)
def test_answers(status: int, said: dict[str, object], verdict: Verdict) -> None:
    answer = GoogleChat().read(Reply(status=status, body=json.dumps(said).encode()))
    assert answer.verdict == verdict


@pytest.mark.parametrize(
    ("thread", "reference"), [({"name": "spaces/A/threads/B"}, "spaces/A/threads/B"), (1, None)]
)  # fmt: skip
def test_a_reference_is_the_thread(thread: object, reference: str | None) -> None:
    said = json.dumps({"name": "m", "thread": thread}).encode()
    assert GoogleChat().read(Reply(status=200, body=said)).reference == reference


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^url ") as raised:
        GoogleChatSettings(url=Secret("t0psecr3t"))
    assert "t0psecr3t" not in str(raised.value)
