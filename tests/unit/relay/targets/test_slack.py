from __future__ import annotations

import json
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Mention, Text
from hipkit.relay.message import RelayFile
from hipkit.relay.targets.protocol import RenderOptions, Reply, Verdict
from hipkit.relay.targets.slack import Slack, SlackBot, SlackBotSettings, SlackSettings
from tests.unit.relay.messages import message

HOOK = SlackSettings(url=Secret("https://hooks.slack.com/services/s"))
BOT = SlackBotSettings(token=Secret("xoxb-s"), channel="C024BE91L")
FILE = RelayFile(key="k", name="a.png", size_bytes=5, content_type="image/png")


def hook(options: RenderOptions | None = None, **changes: Any) -> Any:
    call = Slack().render(message(**changes), HOOK, options or RenderOptions())
    return json.loads(call.body)


def bot(options: RenderOptions | None = None, **changes: Any) -> Any:
    call = SlackBot().render(message(**changes), BOT, options or RenderOptions())
    return json.loads(call.body)


def test_a_webhook_shows_the_label_in_the_text() -> None:
    assert hook(color=None)["text"] == "*Jenkins*\nBuild failed"
    assert hook()["attachments"][0]["author_name"] == "Jenkins"


def test_a_bot_shows_the_label_and_picture() -> None:
    post = bot(avatar_url="https://ci.example.com/face.png")
    assert post["username"] == "Jenkins"
    assert post["icon_url"] == "https://ci.example.com/face.png"
    assert post["channel"] == "C024BE91L"
    assert post["attachments"][0]["color"] == "#D04437"


def test_a_name_is_no_markup() -> None:
    assert bot(label="R&D @here")["username"] == "R&D @\u200bhere"
    assert hook(label="R&D", color=None)["text"] == "*R&amp;D*\nBuild failed"


def test_a_message_has_its_id_where_readers_do_not_see_it() -> None:
    assert bot()["metadata"]["event_payload"] == {"id": message().id}


def test_slack_finds_nothing_in_the_text_itself() -> None:
    for post in (hook(), bot()):
        assert (post["parse"], post["link_names"]) == ("none", False)
        assert (post["unfurl_links"], post["unfurl_media"]) == (False, False)


def test_a_message_that_comes_late_says_when_it_was() -> None:
    assert bot()["attachments"][0]["ts"] == "1796032800"


def test_everybody_is_mentioned_only_where_the_route_says_so() -> None:
    options = RenderOptions(notify="mention")
    assert bot(options, loud=True)["text"] == "<!here>"
    assert bot(options, loud=True, color=None)["text"] == "<!here> Build failed"
    assert "text" not in bot(options)
    assert "text" not in bot(loud=True)


def test_mapped_users_and_groups_are_mentioned() -> None:
    options = RenderOptions(mentions={"a": "U1A2", "b": "S3B4", "c": "<!here>"})
    nodes = (Mention("a"), Text(" "), Mention("b"), Text(" "), Mention("c"))
    text = bot(options, color=None, body=nodes)["text"]
    assert text == "<@U1A2> <!subteam^S3B4> @\u200bc"


def test_a_bot_replies_in_the_thread_it_knows() -> None:
    options = RenderOptions(references={"card-1": "17.01"})
    assert bot(options, thread="card-1")["thread_ts"] == "17.01"
    assert "thread_ts" not in bot(options, thread="card-2")


def test_files_are_linked() -> None:
    assert bot(files=(FILE,), color=None)["text"] == "Build failed\n📎 a.png (5 B)"
    for target in (Slack(), SlackBot()):
        assert target.uploads_bytes == 0
        with pytest.raises(NotImplementedError):
            target.read_upload(Reply(status=200))
    with pytest.raises(NotImplementedError):
        Slack().render_upload(FILE, HOOK)
    with pytest.raises(NotImplementedError):
        SlackBot().render_upload(FILE, BOT)


def test_what_was_refused_is_plain() -> None:
    options = RenderOptions(plain=True, references={"card-1": "17.01"})
    post = bot(options, thread="card-1")
    assert post["text"] == "Jenkins\nBuild failed"
    assert not {"attachments", "thread_ts"} & post.keys()


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, b"ok", "delivered"),
        (200, b"<html>", "route"),
        (400, b"invalid_payload", "content"),
        (400, b"invalid_blocks", "content"),
        (400, b"user_not_found", "route"),
        (403, b"action_prohibited", "route"),
        (403, b"invalid_token", "route"),
        (404, b"no_service", "route"),
        (410, b"channel_is_archived", "route"),
        (429, b"rate_limited", "later"),
        (500, b"rollup_error", "later"),
        (503, b"", "later"),
        (400, b"", "content"),
    ],
)
def test_answers_to_a_webhook(status: int, said: bytes, verdict: Verdict) -> None:
    assert Slack().read(Reply(status=status, body=said)).verdict == verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"ok": False, "error": "invalid_auth"}, "route"),
        ({"ok": False, "error": "channel_not_found"}, "route"),
        ({"ok": False, "error": "not_in_channel"}, "route"),
        ({"ok": False, "error": "msg_blocks_too_long"}, "content"),
        ({"ok": False, "error": "invalid_blocks"}, "content"),
        ({"ok": False, "error": "internal_error"}, "later"),
        ({"ok": False, "error": "never_heard_of"}, "route"),
        ({"ok": False}, "route"),
        ([], "route"),
    ],
)
def test_a_bot_is_refused_with_status_200(said: object, verdict: Verdict) -> None:
    answer = SlackBot().read(Reply(status=200, body=json.dumps(said).encode()))
    assert answer.verdict == verdict
    assert answer.problem is not None


def test_a_limit_says_how_long_to_wait() -> None:
    for target, said in ((Slack(), b"rate_limited"), (SlackBot(), b"")):
        reply = Reply(status=429, headers={"retry-after": "30"}, body=said)
        answer = target.read(reply)
        assert (answer.verdict, answer.wait_seconds) == ("later", 30.0)


@pytest.mark.parametrize(
    ("said", "reference"),
    [
        ({"ts": "17.02", "message": {}}, "17.02"),
        ({"ts": "17.02", "message": {"thread_ts": "17.01"}}, "17.01"),
        ({}, None),
    ],
)
def test_a_reference_is_the_root_of_a_thread(
    said: dict[str, object], reference: str | None
) -> None:
    body = json.dumps({"ok": True} | said).encode()
    answer = SlackBot().read(Reply(status=200, body=body))
    assert (answer.verdict, answer.reference) == ("delivered", reference)


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^url ") as raised:
        SlackSettings(url=Secret("t0psecr3t"))
    assert "t0psecr3t" not in str(raised.value)


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("target", [Slack(), SlackBot()])
def test_no_other_success_counts_as_delivered(
    target: Slack | SlackBot, status: int
) -> None:
    assert target.read(Reply(status=status, body=b"")).verdict == "route"
