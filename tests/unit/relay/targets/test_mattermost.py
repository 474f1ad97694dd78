from __future__ import annotations

import json
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Mention, Text
from hipkit.relay.message import RelayFile
from hipkit.relay.targets.mattermost import (
    Mattermost,
    MattermostBot,
    MattermostBotSettings,
    MattermostSettings,
)
from hipkit.relay.targets.protocol import HttpCall, RenderOptions, Reply, Verdict
from tests.unit.relay.messages import message

HOOK = MattermostSettings(url=Secret("https://chat.example.com/hooks/s"), channel="ops")
BOT = MattermostBotSettings(
    server="https://chat.example.com/", token=Secret("s"), channel="abc123"
)
FILE = RelayFile(key="k", name="a.png", size_bytes=5, content_type="image/png")


def body(call: HttpCall) -> Any:
    return json.loads(call.body)


def hook(options: RenderOptions | None = None, **changes: Any) -> Any:
    return body(
        Mattermost().render(message(**changes), HOOK, options or RenderOptions())
    )


def bot(options: RenderOptions | None = None, **changes: Any) -> Any:
    return body(
        MattermostBot().render(message(**changes), BOT, options or RenderOptions())
    )


def test_a_webhook_shows_the_label_and_picture() -> None:
    post = hook(avatar_url="https://ci.example.com/face.png")
    assert post["username"] == "Jenkins"
    assert post["icon_url"] == "https://ci.example.com/face.png"
    assert post["channel"] == "ops"
    assert post["attachments"][0]["color"] == "#D04437"
    assert post["props"] == {"hipkit_message": message().id}


def test_a_bot_shows_the_label_in_the_text() -> None:
    assert bot(color=None)["message"] == "**Jenkins**\nBuild failed"
    assert bot()["props"]["attachments"][0]["author_name"] == "Jenkins"


@pytest.mark.parametrize(
    ("kind", "loud", "notify", "is_silent"),
    [
        ("notification", False, "normal", True),
        ("notification", True, "normal", False),
        ("notification", True, "never", True),
        ("message", False, "normal", False),
        ("message", False, "never", True),
    ],
)
def test_what_hipchat_did_not_ring_for_is_silent(
    kind: Any, loud: bool, notify: Any, is_silent: bool
) -> None:
    post = hook(RenderOptions(notify=notify), kind=kind, loud=loud)
    assert post.get("silent", False) is is_silent


def test_everybody_is_mentioned_only_where_the_route_says_so() -> None:
    assert hook(RenderOptions(notify="mention"), loud=True)["text"] == "@here"
    assert "text" not in hook(RenderOptions(notify="mention"))
    assert "text" not in hook(loud=True)


def test_a_mapped_user_is_mentioned() -> None:
    options = RenderOptions(mentions={"bob": "bob.b", "ann": "@ann"})
    nodes = (Mention("bob"), Text(" "), Mention("ann"), Text(" "), Mention("all"))
    assert hook(options, color=None, body=nodes)["text"] == "@bob.b @ann @\u200ball"


def test_a_bot_replies_in_the_thread_it_knows() -> None:
    options = RenderOptions(references={"card-1": "post1"})
    assert bot(options, thread="card-1")["root_id"] == "post1"
    assert "root_id" not in bot(options, thread="card-2")


def test_a_bot_shows_files_that_were_uploaded_and_links_to_others() -> None:
    post = bot(RenderOptions(references={"k": "f1"}), files=(FILE,), color=None)
    assert (post["file_ids"], post["message"]) == (["f1"], "**Jenkins**\nBuild failed")
    assert bot(files=(FILE,), color=None)["message"].endswith("📎 a.png (5 B)")


def test_a_post_is_the_same_at_each_try() -> None:
    assert bot()["pending_post_id"] == message().id


def test_what_was_refused_is_plain() -> None:
    options = RenderOptions(plain=True, references={"card-1": "post1", "k": "f1"})
    post = bot(options, thread="card-1", files=(FILE,))
    assert post.keys() == {"channel_id", "message", "pending_post_id", "props"}
    assert post["message"] == "Jenkins\nBuild failed\n\n📎 a.png (5 B)"
    assert "attachments" not in hook(options)


def test_a_file_is_uploaded_into_the_channel() -> None:
    call = MattermostBot().render_upload(FILE, BOT)
    assert call.url == Secret("https://chat.example.com/api/v4/files")
    assert b'name="channel_id"\r\n\r\nabc123' in call.body


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, b"ok", "delivered"),
        (200, b"<!doctype html>", "route"),
        (400, b'{"id": "web.incoming_webhook.invalid.app_error"}', "route"),
        (400, b'{"id": "web.incoming_webhook.channel.app_error"}', "route"),
        (400, b'{"id": "web.incoming_webhook.text.app_error"}', "content"),
        (400, b'{"id": "web.incoming_webhook.parse.app_error"}', "content"),
        (400, b"", "content"),
        (403, b"", "route"),
        (413, b"", "content"),
        (429, b"", "later"),
        (500, b'{"id": "web.incoming_webhook.user.app_error"}', "later"),
    ],
)
def test_answers_to_a_webhook(status: int, said: bytes, verdict: Verdict) -> None:
    assert Mattermost().read(Reply(status=status, body=said)).verdict == verdict


@pytest.mark.parametrize(
    ("status", "said", "verdict", "reference"),
    [
        (201, {"id": "p1"}, "delivered", "p1"),
        (201, {"id": "p2", "root_id": "p1"}, "delivered", "p1"),
        (201, {"id": "p2", "root_id": ""}, "delivered", "p2"),
        (200, {}, "route", None),
        (400, {"id": "api.post.create_post.root_id.app_error"}, "content", None),
        (401, {"id": "api.context.session_expired.app_error"}, "route", None),
        (404, {}, "route", None),
        (503, {}, "later", None),
    ],
)
def test_answers_to_a_bot(
    status: int, said: object, verdict: Verdict, reference: str | None
) -> None:
    answer = MattermostBot().read(Reply(status=status, body=json.dumps(said).encode()))
    assert (answer.verdict, answer.reference) == (verdict, reference)


@pytest.mark.parametrize(
    ("said", "verdict", "reference"),
    [
        ({"file_infos": [{"id": "f1"}]}, "delivered", "f1"),
        ({"file_infos": []}, "route", None),
        ({"file_infos": [7]}, "route", None),
    ],
)
def test_answers_to_an_upload(
    said: object, verdict: Verdict, reference: str | None
) -> None:
    answer = MattermostBot().read_upload(
        Reply(status=201, body=json.dumps(said).encode())
    )
    assert (answer.verdict, answer.reference) == (verdict, reference)


def test_a_webhook_takes_no_files() -> None:
    assert Mattermost().uploads_bytes == 0
    with pytest.raises(NotImplementedError):
        Mattermost().render_upload(FILE, HOOK)
    with pytest.raises(NotImplementedError):
        Mattermost().read_upload(Reply(status=200))


@pytest.mark.parametrize(
    ("server", "channel"), [("chat.example.com", "abc"), ("https://x.y", "#ops")]
)
def test_settings_that_cannot_work_are_refused(server: str, channel: str) -> None:
    with pytest.raises(ValueError, match=r"^(server|channel) "):
        MattermostBotSettings(server=server, token=Secret("s"), channel=channel)
