from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import utf16_units
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import RelayFile
from hipkit.relay.targets.protocol import RenderOptions, Reply, Verdict
from hipkit.relay.targets.telegram import Telegram, TelegramSettings
from tests.unit.relay.messages import message

BOT = TelegramSettings(token=Secret("1:s"), chat="-1001", topic=7)


def body(options: RenderOptions | None = None, **changes: Any) -> Any:
    call = Telegram().render(message(**changes), BOT, options or RenderOptions())
    return json.loads(call.body)


def test_a_bot_writes_into_a_chat() -> None:
    call = Telegram().render(message(), BOT, RenderOptions())
    assert call.url.reveal() == "https://api.telegram.org/bot1:s/sendMessage"
    sent = body(title="C&I")
    assert (sent["chat_id"], sent["message_thread_id"]) == ("-1001", 7)
    assert sent["text"] == "🔴 <b>Jenkins</b> · C&amp;I\nBuild failed"
    assert sent["parse_mode"] == "HTML"
    assert sent["link_preview_options"] == {"is_disabled": True}


@pytest.mark.parametrize(
    ("changes", "notify", "is_quiet"),
    [
        ({}, "normal", True),
        ({"loud": True}, "normal", False),
        ({"loud": True}, "never", True),
        ({"kind": "message"}, "normal", False),
    ],
)
def test_phones_ring_as_hipchat_did(
    changes: dict[str, Any], notify: Any, is_quiet: bool
) -> None:
    sent = body(RenderOptions(notify=notify), **changes)
    assert sent["disable_notification"] is is_quiet


def test_the_text_is_html_with_what_telegram_knows() -> None:
    inner = Element(tag="blockquote", children=(Text("in"),))
    nodes = (
        Text("<a> "),
        Element(tag="a", url="https://x.y/?a&b", children=(Text("l"),)),
        Element(tag="blockquote", children=(Text("out"), inner)),
        Element(tag="pre", children=(Text("x < y"),)),
    )
    assert body(color=None, body=nodes)["text"].split("\n")[1:] == [
        '&lt;a&gt; <a href="https://x.y/?a&amp;b">l</a>',
        "",
        "┃ out",
        "┃",
        "┃ ┃ in",
        "",
        "<pre>x &lt; y</pre>",
    ]


def test_mapped_users_are_mentioned_by_name_or_id() -> None:
    mentions = {"a": "@ann_lee", "b": "12345", "c": "not a user"}
    nodes = (Mention("a"), Text(" "), Mention("b"), Text(" "), Mention("c"))
    text = body(RenderOptions(mentions=mentions), color=None, body=nodes)["text"]
    assert text.endswith('@ann_lee <a href="tg://user?id=12345">b</a> @\u200bc')


def test_a_reply_replies_to_what_is_known() -> None:
    options = RenderOptions(references={"card-1": "99", "card-2": "x"})
    replied = {"message_id": 99, "allow_sending_without_reply": True}
    assert body(options, thread="card-1")["reply_parameters"] == replied
    assert "reply_parameters" not in body(options, thread="card-2")
    assert "reply_parameters" not in body(options, thread="card-3")


def test_a_text_is_cut_in_utf16_units() -> None:
    link = "https://relay.example.com/m/1"
    text = body(body=(Text("🚀 " * 9_000),), link=link)["text"]
    assert 3_500 < utf16_units(text) <= 4_096
    assert "more characters</a>)" in text


def test_what_was_refused_is_plain() -> None:
    options = RenderOptions(plain=True, references={"card-1": "99"})
    nodes = (Element(tag="b", children=(Text("a < b"),)),)
    sent = body(options, thread="card-1", body=nodes)
    assert sent["text"] == "🔴 Jenkins\na < b"
    assert not {"parse_mode", "reply_parameters"} & sent.keys()


def failed(description: str, **parameters: object) -> dict[str, object]:
    return {"ok": False, "description": description, "parameters": parameters}


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, {"ok": True, "result": {"message_id": 5}}, "delivered"),
        (200, {"ok": True}, "route"),
        (200, [], "route"),
        (400, failed("Bad Request: can't parse entities"), "content"),
        (400, failed("Bad Request: message is too long"), "content"),
        (400, failed("Bad Request: chat not found"), "route"),
        (400, failed("Bad Request: group chat was upgraded to a supergroup"), "route"),
        (400, failed("Bad Request: not enough rights to send text"), "route"),
        (401, failed("Unauthorized"), "route"),
        (403, failed("Forbidden: bot was kicked"), "route"),
        (404, failed("Not Found"), "route"),
        (400, {"description": []}, "content"),
        (502, {}, "later"),
    ],
)
def test_answers(status: int, said: object, verdict: Verdict) -> None:
    answer = Telegram().read(Reply(status=status, body=json.dumps(said).encode()))
    assert answer.verdict == verdict


def test_a_reference_is_the_id_of_the_message() -> None:
    said = b'{"ok": true, "result": {"message_id": 5}}'
    assert Telegram().read(Reply(status=200, body=said)).reference == "5"


@pytest.mark.parametrize(("asked", "seconds"), [(17, 17.0), ("x", None), (-1, None)])
def test_a_limit_says_how_long_to_wait(asked: object, seconds: float | None) -> None:
    said = json.dumps(failed("Too Many Requests", retry_after=asked)).encode()
    assert Telegram().read(Reply(status=429, body=said)).wait_seconds == seconds


@pytest.mark.parametrize(
    ("setting", "value"),
    [("token", Secret("t0psecr3t/../x")), ("chat", "general"), ("api", "telegram")],
)
def test_settings_that_cannot_work_are_refused(setting: str, value: Any) -> None:
    values: dict[str, Any] = {"token": Secret("1:s"), "chat": "-1", setting: value}
    with pytest.raises(ValueError, match=rf"^{setting} ") as raised:
        TelegramSettings(**values)
    assert "t0psecr3t" not in str(raised.value)


FILE = RelayFile(
    key="k",
    name='@here "ä\r\n.png',
    size_bytes=5,
    content_type="image/png",
    url="https://r.e/f",
)
SENT = RenderOptions(references={"k": "5"})


def test_a_file_is_sent_in_a_silent_message() -> None:
    call = Telegram().render_upload(FILE, BOT)
    assert call.url.reveal() == "https://api.telegram.org/bot1:s/sendDocument"
    assert call.file == FILE
    assert b'name="document"; filename="@here %22\xc3\xa4%0D%0A.png"' in call.body
    fields = dict(re.findall(rb'name="(\w+)"\r\n\r\n(.*)\r\n', call.body))
    assert fields == {
        b"chat_id": b"-1001",
        b"message_thread_id": b"7",
        b"disable_notification": b"true",
    }
    anywhere = Telegram().render_upload(
        FILE, TelegramSettings(token=BOT.token, chat="-1001")
    )
    assert b"message_thread_id" not in anywhere.body


@pytest.mark.parametrize(
    ("status", "said", "verdict", "reference"),
    [
        (200, {"ok": True, "result": {"message_id": 5}}, "delivered", "5"),
        (200, {"ok": True}, "route", None),
        (400, {"description": "Bad Request: file must be non-empty"}, "content", None),
        (400, {"description": "Bad Request: chat not found"}, "route", None),
        (413, {}, "content", None),
        (503, {}, "later", None),
    ],
)
def test_answers_to_a_file(
    status: int, said: dict[str, object], verdict: Verdict, reference: str | None
) -> None:
    reply = Reply(status=status, body=json.dumps(said).encode())
    answer = Telegram().read_upload(reply)
    assert (answer.verdict, answer.reference) == (verdict, reference)


def test_a_file_that_was_sent_is_named_and_another_is_linked() -> None:
    assert "https://r.e/f" in body(files=(FILE,))["text"]
    sent = body(SENT, files=(FILE,))["text"]
    assert "https://r.e/f" not in sent
    assert ".png" in sent
    refused = replace(SENT, plain=True)
    assert "https://r.e/f" in body(refused, files=(FILE,))["text"]
