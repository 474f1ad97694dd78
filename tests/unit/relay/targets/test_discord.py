from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import utf16_units
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import Attribute, RelayCard, RelayFile, RelayPicture
from hipkit.relay.targets.discord import Discord, DiscordSettings
from hipkit.relay.targets.protocol import RenderOptions, Reply, Verdict
from tests.unit.relay.messages import message

HOOK = DiscordSettings(url=Secret("https://discord.com/api/webhooks/1/s"))
QUIET, NO_EMBEDS = 4096, 4


def body(options: RenderOptions | None = None, **changes: Any) -> Any:
    call = Discord().render(message(**changes), HOOK, options or RenderOptions())
    return json.loads(call.body)


def test_discord_says_whether_it_saved_a_message() -> None:
    settings = DiscordSettings(url=HOOK.url, thread="123456")
    call = Discord().render(message(), settings, RenderOptions())
    assert call.url.reveal().endswith("/s?wait=true&thread_id=123456")


def test_a_notification_is_an_embed_in_the_color() -> None:
    sent = body(title="CI", avatar_url="https://ci.example.com/face.png")
    assert (sent["username"], sent["flags"]) == ("Jenkins", QUIET)
    assert sent["avatar_url"] == "https://ci.example.com/face.png"
    assert sent["embeds"] == [
        {
            "color": 0xD04437,
            "title": "CI",
            "description": "Build failed",
            "footer": {"text": "Dev Ops"},
            "timestamp": "2026-11-30T10:00:00Z",
        }
    ]


def test_a_message_of_a_person_is_text_that_shows_no_pages() -> None:
    sent = body(kind="message", color=None)
    assert (sent["content"], sent["flags"]) == ("Build failed", NO_EMBEDS)
    long = body(kind="message", color=None, body=(Text("word " * 700),))
    assert len(long["embeds"][0]["description"]) > 2_000
    assert "content" not in long


@pytest.mark.parametrize("label", ["Discord alerts", "everyone", "CLYDE"])
def test_a_name_that_discord_forbids_stands_in_the_text(label: str) -> None:
    assert "username" not in body(label=label)
    assert body(label=label)["embeds"][0]["author"] == {"name": label}
    text = body(label=label, color=None)["content"]
    assert text == f"**{label}**\nBuild failed"


def test_nobody_is_rung_but_whom_the_route_allows() -> None:
    assert body(loud=True)["allowed_mentions"] == {"parse": []}
    options = RenderOptions(notify="mention")
    assert body(options)["allowed_mentions"] == {"parse": []}
    sent = body(options, loud=True)
    assert sent["allowed_mentions"] == {"parse": ["everyone"]}
    assert sent["content"] == "@here"
    assert sent["flags"] == 0


def test_mapped_users_and_roles_are_mentioned() -> None:
    mentions = {"a": "12345", "b": "&67890", "c": "@here"}
    nodes = (Mention("a"), Text(" "), Mention("b"), Text(" "), Mention("c"))
    sent = body(RenderOptions(mentions=mentions), color=None, body=nodes)
    assert sent["content"] == "<@12345> <@&67890> @\u200bc"
    allowed = {"parse": [], "users": ["12345"], "roles": ["67890"]}
    assert sent["allowed_mentions"] == allowed
    never = RenderOptions(mentions=mentions, notify="never")
    sent = body(never, kind="message", color=None, body=nodes)
    assert sent["allowed_mentions"] == {"parse": []}
    assert sent["flags"] == QUIET | NO_EMBEDS


def test_marks_of_the_text_are_escaped() -> None:
    nodes = (Text("-# small <t:1:R> ||x||"),)
    assert body(color=None, body=nodes)["content"] == (r"\-# small \<t:1:R> \|\|x\|\|")


def test_a_card_is_within_what_an_embed_may_have_in_all() -> None:
    attribute = Attribute(label="l" * 250, value="🚀 " * 500)
    card = RelayCard(
        id="c",
        style="media",
        title="t" * 250,
        url="mailto:a@b.cc",
        description=(Text("🚀 " * 5_000),),
        attributes=(attribute,) * 50,
        thumbnail=RelayPicture(url="https://x.y/1", url_2x="https://x.y/2"),
    )
    embed = body(card=card, title="w" * 100, label="discord " * 12)["embeds"][0]
    texts = [embed["title"], embed["description"], embed["author"]["name"]]
    texts += [embed["footer"]["text"]]
    texts += [each[name] for each in embed["fields"] for name in ("name", "value")]
    assert 5_000 < sum(map(utf16_units, texts)) <= 6_000
    assert embed["image"] == {"url": "https://x.y/2"}
    assert "url" not in embed


def test_nothing_to_show_is_still_a_message() -> None:
    assert body(body=())["embeds"][0]["description"] == "\u200b"
    assert body(color=None, body=())["content"] == "\u200b"


def test_what_was_refused_is_plain_and_has_no_name() -> None:
    nodes = (Element(tag="b", children=(Text("a"),)),)
    sent = body(RenderOptions(plain=True), body=nodes)
    assert sent["content"] == "Jenkins\na"
    assert not {"embeds", "username"} & sent.keys()


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, {"id": "1"}, "delivered"),
        (204, {}, "route"),
        (200, {}, "route"),
        (400, {"code": 50006}, "content"),
        (400, {"code": 50035}, "content"),
        (400, {"code": 220001}, "route"),
        (401, {"code": 50027}, "route"),
        (404, {"code": 10015}, "route"),
        (400, {"code": []}, "content"),
        (500, {"code": 0}, "later"),
    ],
)
def test_answers_to_a_webhook(
    status: int, said: dict[str, object], verdict: Verdict
) -> None:
    answer = Discord().read(Reply(status=status, body=json.dumps(said).encode()))
    assert answer.verdict == verdict


@pytest.mark.parametrize(
    ("said", "header", "seconds"),
    [(64.57, "3", 64.57), (0.4, None, 0.4), ("x", "3", 3.0), (-1, None, None)],
)
def test_a_limit_says_how_long_to_wait(
    said: object, header: str | None, seconds: float | None
) -> None:
    reply = Reply(
        status=429,
        headers={} if header is None else {"retry-after": header},
        body=json.dumps({"retry_after": said, "global": False}).encode(),
    )
    assert Discord().read(reply).wait_seconds == seconds


@pytest.mark.parametrize("setting", ["url", "thread"])
def test_settings_that_cannot_work_are_refused(setting: str) -> None:
    values: dict[str, Any] = {"url": HOOK.url, "thread": None}
    values[setting] = Secret("t0psecr3t") if setting == "url" else "general"
    with pytest.raises(ValueError, match=rf"^{setting} ") as raised:
        DiscordSettings(**values)
    assert "t0psecr3t" not in str(raised.value)


FILE = RelayFile(
    key="k",
    name='@here "ä\r\n.png',
    size_bytes=5,
    content_type="image/png",
    url="https://r.e/f",
)
SENT = RenderOptions(references={"k": "5"})


def test_a_file_is_sent_in_a_silent_message_that_rings_nobody() -> None:
    settings = DiscordSettings(url=HOOK.url, thread="12345")
    call = Discord().render_upload(FILE, settings)
    assert call.url.reveal() == HOOK.url.reveal() + "?wait=true&thread_id=12345"
    assert call.file == FILE
    assert b'name="files[0]"; filename="@here %22\xc3\xa4%0D%0A.png"' in call.body
    start = call.body.index(b"{")
    sent = json.loads(call.body[start : call.body.index(b"\r\n--", start)])
    assert sent == {"allowed_mentions": {"parse": []}, "flags": 4096}


@pytest.mark.parametrize(
    ("status", "said", "verdict", "reference"),
    [
        (200, {"id": "5", "attachments": [{"id": "6"}]}, "delivered", "5"),
        (200, {"id": "5", "attachments": []}, "content", None),
        (200, {}, "route", None),
        (400, {"code": 40005}, "content", None),
        (404, {"code": 10015}, "route", None),
        (413, {}, "content", None),
        (503, {}, "later", None),
    ],
)
def test_answers_to_a_file(
    status: int, said: dict[str, object], verdict: Verdict, reference: str | None
) -> None:
    reply = Reply(status=status, body=json.dumps(said).encode())
    answer = Discord().read_upload(reply)
    assert (answer.verdict, answer.reference) == (verdict, reference)


def test_a_file_that_was_sent_is_named_and_another_is_linked() -> None:
    assert "https://r.e/f" in body(color=None, title=None, files=(FILE,))["content"]
    sent = body(SENT, color=None, title=None, files=(FILE,))["content"]
    assert "https://r.e/f" not in sent
    assert ".png" in sent
    refused = replace(SENT, plain=True)
    assert "https://r.e/f" in body(refused, files=(FILE,))["content"]
