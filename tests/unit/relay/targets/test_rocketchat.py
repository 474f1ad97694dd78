from __future__ import annotations

import json
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.targets.protocol import RenderOptions, Reply, Verdict
from hipkit.relay.targets.rocketchat import (
    RocketChat,
    RocketChatBot,
    RocketChatBotSettings,
    RocketChatSettings,
)
from tests.unit.relay.messages import message

HOOK = RocketChatSettings(url=Secret("https://rocket.example.com/hooks/s"))
BOT = RocketChatBotSettings(
    server="https://rocket.example.com/", user="u1", token=Secret("s"), room="r1"
)


def hook(options: RenderOptions | None = None, **changes: Any) -> Any:
    call = RocketChat().render(message(**changes), HOOK, options or RenderOptions())
    return json.loads(call.body)


def bot(options: RenderOptions | None = None, **changes: Any) -> Any:
    call = RocketChatBot().render(message(**changes), BOT, options or RenderOptions())
    return json.loads(call.body)["message"]


def test_a_notification_is_an_attachment_in_the_color() -> None:
    for sent in (hook(), bot()):
        assert sent["alias"] == "Jenkins"
        shown = sent["attachments"][0]
        assert (shown["color"], shown["text"]) == ("#D04437", "Build failed")
        assert shown["ts"] == "2026-11-30T10:00:00Z"


def test_no_page_is_fetched_and_shown_for_an_address() -> None:
    assert hook()["parseUrls"] is False
    call = RocketChatBot().render(message(), BOT, RenderOptions())
    assert json.loads(call.body)["previewUrls"] == []


def test_a_bot_sends_under_the_id_of_the_message() -> None:
    call = RocketChatBot().render(message(), BOT, RenderOptions())
    assert call.url.reveal() == "https://rocket.example.com/api/v1/chat.sendMessage"
    assert dict(call.headers)["X-Auth-Token"] == "s"
    assert (bot()["_id"], bot()["rid"]) == (message().id, "r1")


def test_a_bot_replies_in_the_thread_it_knows() -> None:
    options = RenderOptions(references={"card-1": "m1"})
    assert bot(options, thread="card-1")["tmid"] == "m1"
    assert "tmid" not in bot(options, thread="card-2")


def test_everybody_is_mentioned_only_where_the_route_says_so() -> None:
    options = RenderOptions(notify="mention")
    assert bot(options, loud=True)["msg"] == "@here"
    assert hook(options, loud=True, color=None)["text"] == "@here Build failed"
    assert bot(options)["msg"] == ""


def test_mapped_users_are_mentioned() -> None:
    nodes = (Mention("a"), Text(" "), Mention("b"))
    options = RenderOptions(mentions={"a": "@ann"})
    assert bot(options, color=None, body=nodes)["msg"] == "@ann @\u200bb"
    options = RenderOptions(mentions={"a": "@ann"}, notify="never")
    assert bot(options, color=None, body=nodes)["msg"] == "@\u200ba @\u200bb"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("*a* `b`", "\u2217a\u2217 \u02cbb\u02cb"),
        ("_a_ ~b~ c_d", r"\_a\_ \~b\~ c_d"),
        (r"\[a\]", "\\\u200b[a\\\u200b]"),
        ("[a](http://x)", "[a]\u200b(http://x)"),
        ("<http://x|y>", "<\u200bhttp://x|y>"),
        (":smile: 10:30 host:80", ":\u200bsmile: 10:30 host:80"),
        ("$a$ $5", "\ufe69a\ufe69 \ufe695"),
        ("a #chan #1", "a #\u200bchan #1"),
        ("- a", "\u200b- a"),
        ("1. a", "\u200b1. a"),
    ],
)
def test_what_was_typed_is_no_markup(typed: str, sent: str) -> None:
    assert bot(color=None, body=(Text(typed),))["msg"] == sent


def test_what_was_refused_is_plain() -> None:
    options = RenderOptions(plain=True, references={"card-1": "m1"})
    nodes = (Element(tag="b", children=(Text("a"),)),)
    sent = bot(options, thread="card-1", body=nodes)
    assert sent["msg"] == "Jenkins\na"
    assert not {"attachments", "alias", "tmid"} & sent.keys()


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, {"success": True}, "delivered"),
        (200, {"success": False, "error": "x"}, "route"),
        (200, {}, "route"),
        (200, {"success": False, "error": "error-message-size-exceeded"}, "content"),
        (400, {"success": False, "error": "[error-message-size-exceeded]"}, "content"),
        (400, {"success": False, "error": "invalid-channel"}, "route"),
        (400, {"success": False, "errorType": "error-not-allowed"}, "route"),
        (400, {"success": False, "error": "Match error"}, "content"),
        (400, {"errorType": "error-too-many-requests"}, "later"),
        (401, {"status": "error"}, "route"),
        (404, {"success": False, "error": "Invalid integration id"}, "route"),
        (503, {}, "later"),
    ],
)
def test_answers(status: int, said: dict[str, object], verdict: Verdict) -> None:
    reply = Reply(status=status, body=json.dumps(said).encode())
    for target in (RocketChat(), RocketChatBot()):
        answer = target.read(reply)
        assert answer.verdict == verdict
        assert (answer.problem is None) == (verdict == "delivered")


@pytest.mark.parametrize(
    ("status", "by_bot", "by_webhook"),
    [(400, "delivered", "content"), (500, "later", "later")],
)
def test_a_bots_message_that_is_there_was_taken(
    status: int, by_bot: Verdict, by_webhook: Verdict
) -> None:
    said = b'{"success": false, "error": "E11000 duplicate key error"}'
    reply = Reply(status=status, body=said)
    assert RocketChatBot().read(reply).verdict == by_bot
    assert RocketChat().read(reply).verdict == by_webhook


def test_a_limit_says_how_long_to_wait() -> None:
    said = "Error, too many requests. You must wait 57 seconds before trying again."
    body = json.dumps({"success": False, "error": f"{said} [error-too-many-requests]"})
    answer = RocketChat().read(Reply(status=429, body=body.encode()))
    assert (answer.verdict, answer.wait_seconds) == ("later", 57.0)
    asked = Reply(status=429, headers={"retry-after": "3"}, body=body.encode())
    assert RocketChat().read(asked).wait_seconds == 3.0


@pytest.mark.parametrize(
    ("sent", "reference"),
    [({"_id": "m2"}, "m2"), ({"_id": "m2", "tmid": "m1"}, "m1"), (None, None)],
)
def test_a_reference_is_the_root_of_a_thread(
    sent: object, reference: str | None
) -> None:
    body = json.dumps({"success": True, "message": sent}).encode()
    assert RocketChatBot().read(Reply(status=200, body=body)).reference == reference


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^url ") as raised:
        RocketChatSettings(url=Secret("t0psecr3t"))
    assert "t0psecr3t" not in str(raised.value)
    for name in ("user", "room"):
        values: dict[str, Any] = {"user": "u", "room": "r", name: "#no id"}
        with pytest.raises(ValueError, match=rf"^{name} "):
            RocketChatBotSettings(server="https://x.y", token=Secret("s"), **values)
