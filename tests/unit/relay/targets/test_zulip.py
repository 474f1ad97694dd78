from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import RelayFile
from hipkit.relay.targets.protocol import RenderOptions, Reply, Verdict
from hipkit.relay.targets.zulip import Zulip, ZulipSettings
from tests.unit.relay.messages import message

VALUES: dict[str, Any] = {
    "server": "https://zulip.example.com/",
    "email": "bot@example.com",
    "key": Secret("k"),
    "channel": "alerts",
}
BOT = ZulipSettings(**VALUES)


def form(
    options: RenderOptions | None = None,
    settings: ZulipSettings = BOT,
    **changes: Any,
) -> dict[str, str]:
    call = Zulip().render(message(**changes), settings, options or RenderOptions())
    values = parse_qs(call.body.decode(), strict_parsing=True)
    return {name: value[0] for name, value in values.items()}


def content(options: RenderOptions | None = None, **changes: Any) -> str:
    return form(options, **changes)["content"]


def test_a_bot_writes_into_the_topic_of_the_room() -> None:
    call = Zulip().render(message(), BOT, RenderOptions())
    assert call.url.reveal() == "https://zulip.example.com/api/v1/messages"
    kind, encoded = dict(call.headers)["Authorization"].split()
    assert (kind, b64decode(encoded)) == ("Basic", b"bot@example.com:k")
    assert form() == {
        "type": "stream",
        "to": "alerts",
        "topic": "Dev Ops",
        "content": "🔴 **Jenkins**\nBuild failed",
    }


def test_topics_are_cut_or_of_the_settings() -> None:
    assert len(form(room="r" * 200)["topic"]) == 60
    assert form(room=None)["topic"] == "private messages"
    assert form(settings=ZulipSettings(**VALUES, topic="HipChat"))["topic"] == "HipChat"


def test_everybody_is_mentioned_only_where_the_route_says_so() -> None:
    options = RenderOptions(notify="mention")
    assert content(options, loud=True).startswith("@**all** ")
    assert "@**" not in content(options)
    assert "@**" not in content(loud=True)


def test_mapped_users_are_mentioned() -> None:
    mentions = {"a": "Ann Lee", "b": "all", "c": "x**"}
    nodes = (Mention("a"), Text(" "), Mention("b"), Text(" "), Mention("c"))
    options = RenderOptions(mentions=mentions)
    assert content(options, body=nodes).endswith("@**Ann Lee** @\u200bb @\u200bc")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("*a* 2 * 3 **b**", "\u2217a\u2217 2 * 3 \u2217\u2217b\u2217\u2217"),
        ("`a`", "\u02cba\u02cb"),
        ("a ~~a~~", "a ~\u200b~a~\u200b~"),
        ("[a](http://x)", "[a]\u200b(http://x)"),
        ("$$a$$", "$\u200b$a$\u200b$"),
        ("<time:2026-01-01>", "<\u200btime:2026-01-01>"),
        (":smile: 10:00:00", ":\u200bsmile: 10:00:00"),
        ("@**all**", "@\u200b\u2217\u2217all\u2217\u2217"),
        ("@_**all**", "@\u200b_\u2217\u2217all\u2217\u2217"),
        ("/me waves", "\u200b/me waves"),
        ("- a", "\u200b- a"),
        ("---", "\u200b---"),
    ],
)  # fmt: skip
def test_what_was_typed_is_no_markup(typed: str, sent: str) -> None:
    assert content(color=None, body=(Text(typed),)) == f"**Jenkins**\n{sent}"


def test_a_table_keeps_its_columns() -> None:
    cells = [Element(tag="td", children=(Text(text),)) for text in ("a | b", "c")]
    row = Element(tag="tr", children=tuple(cells))
    nodes = (Element(tag="table", children=(row,)),)
    assert "| a \u2223 b | c |\n| --- | --- |" in content(body=nodes)


def test_what_was_refused_is_plain() -> None:
    nodes = (Element(tag="b", children=(Text("a"),)),)
    assert content(RenderOptions(plain=True), body=nodes) == "🔴 Jenkins\na"


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, {"result": "success", "id": 1}, "delivered"),
        (200, {}, "route"),
        (400, {"result": "error", "code": "BAD_REQUEST"}, "content"),
        (400, {"result": "error", "code": "STREAM_DOES_NOT_EXIST"}, "route"),
        (401, {"result": "error", "code": "INVALID_API_KEY"}, "route"),
        (403, {"result": "error", "code": "USER_DEACTIVATED"}, "route"),
        (429, {"result": "error", "code": "RATE_LIMIT_HIT"}, "later"),
        (400, {"code": []}, "content"),
        (502, {}, "later"),
    ],
)
def test_answers(status: int, said: dict[str, object], verdict: Verdict) -> None:
    answer = Zulip().read(Reply(status=status, body=json.dumps(said).encode()))
    assert answer.verdict == verdict


@pytest.mark.parametrize(
    ("setting", "value"),
    [("server", "zulip"), ("email", "bot"), ("topic", ""), ("topic", "t" * 61)],
)
def test_settings_that_cannot_work_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{setting} "):
        ZulipSettings(**VALUES | {setting: value})


FILE = RelayFile(
    key="k", name="a_b.png", size_bytes=5, content_type="image/png", url="https://r.e/f"
)
PLACE = "/user_uploads/2/4e/m2A3MSqFnWRLUf9SaPzQ0Up_/a_b.png"


def test_a_file_is_uploaded() -> None:
    call = Zulip().render_upload(FILE, BOT)
    assert call.url.reveal() == "https://zulip.example.com/api/v1/user_uploads"
    assert b'name="filename"; filename="a_b.png"' in call.body
    assert (call.file, dict(call.headers)["Authorization"][:6]) == (FILE, "Basic ")


@pytest.mark.parametrize(
    ("status", "said", "verdict", "reference"),
    [
        (200, {"result": "success", "url": PLACE}, "delivered", PLACE),
        (200, {"result": "success", "uri": PLACE}, "delivered", PLACE),
        (200, {"result": "success", "url": "/x](https://e.vil)"}, "content", None),
        (200, {"result": "success"}, "content", None),
        (200, {}, "route", None),
        (413, {"result": "error"}, "content", None),
        (503, {}, "later", None),
    ],
)
def test_answers_to_an_upload(
    status: int, said: dict[str, object], verdict: Verdict, reference: str | None
) -> None:
    answer = Zulip().read_upload(Reply(status=status, body=json.dumps(said).encode()))
    assert (answer.verdict, answer.reference) == (verdict, reference)


def test_a_file_that_was_uploaded_is_shown_and_another_is_linked() -> None:
    known = RenderOptions(references={"k": PLACE})
    assert f"[a_b.png]({PLACE})" in content(known, files=(FILE,))
    assert "[a_b.png](https://r.e/f)" in content(files=(FILE,))
    wrong = RenderOptions(references={"k": "/x](https://e.vil)"})
    assert "e.vil" not in content(wrong, files=(FILE,))
    assert PLACE not in content(replace(known, plain=True), files=(FILE,))
