from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Text
from hipkit.relay.message import RelayCard, RelayFile, RelayPicture
from hipkit.relay.targets.ntfy import Ntfy, NtfySettings
from hipkit.relay.targets.protocol import Notify, RenderOptions, Reply, Verdict
from tests.unit.relay.messages import message

TOPIC = NtfySettings(topic=Secret("alerts"), token=Secret("tk_s"))
LINK = "https://relay.example.com/m/1"


def body(options: RenderOptions | None = None, **changes: Any) -> Any:
    call = Ntfy().render(message(**changes), TOPIC, options or RenderOptions())
    return json.loads(call.body)


def test_a_message_is_published_into_the_topic() -> None:
    call = Ntfy().render(message(), TOPIC, RenderOptions())
    assert call.url.reveal() == "https://ntfy.sh"
    assert dict(call.headers)["Authorization"] == "Bearer tk_s"
    assert body(link=LINK, avatar_url="https://x.y/face.png") == {
        "topic": "alerts",
        "message": "Build failed",
        "title": "Jenkins · Dev Ops",
        "priority": 2,
        "tags": ["red_circle"],
        "click": LINK,
        "icon": "https://x.y/face.png",
    }


def test_a_topic_may_need_no_token() -> None:
    settings = NtfySettings(topic=Secret("alerts"))
    call = Ntfy().render(message(), settings, RenderOptions())
    assert "Authorization" not in dict(call.headers)


@pytest.mark.parametrize(
    ("changes", "notify", "priority"),
    [
        ({}, "normal", 2),
        ({"kind": "message"}, "normal", 3),
        ({"loud": True}, "normal", 4),
        ({"loud": True}, "mention", 5),
        ({"loud": True}, "never", 2),
    ],
)
def test_phones_ring_as_hipchat_did(
    changes: dict[str, Any], notify: Notify, priority: int
) -> None:
    assert body(RenderOptions(notify=notify), **changes)["priority"] == priority


def test_a_card_leads_to_its_address_and_shows_its_picture() -> None:
    picture = RelayPicture(url="https://x.y/p.png")
    card = RelayCard(
        id="c", style="link", title="T", url="https://x.y", thumbnail=picture
    )
    sent = body(card=card, link=LINK)
    assert (sent["click"], sent["attach"]) == ("https://x.y", "https://x.y/p.png")


def test_text_and_title_are_cut_in_bytes() -> None:
    sent = body(body=(Text("äöü " * 3_000),), title="ü" * 250)
    assert 3_600 < len(sent["message"].encode()) <= 4_096
    assert len(sent["title"].encode()) <= 250


def test_a_message_is_never_empty() -> None:
    # ntfy would write "triggered".
    assert body(body=())["message"] == "(no text)"


def test_what_was_refused_is_text_alone() -> None:
    sent = body(RenderOptions(plain=True))
    assert sent.keys() == {"topic", "message", "title"}


@pytest.mark.parametrize(
    ("status", "said", "verdict"),
    [
        (200, {"id": "x", "event": "message"}, "delivered"),
        (200, {}, "route"),
        (400, {"code": 40057, "http": 400}, "content"),
        (400, {"code": 40058, "http": 400}, "content"),
        (400, {"code": 40009, "http": 400}, "route"),
        (400, {"code": [], "http": 400}, "content"),
        (401, {"code": 40101}, "route"),
        (403, {"code": 40301}, "route"),
        (413, {"code": 41301}, "content"),
        (429, {"code": 42901}, "later"),
        (507, {"code": 50701}, "later"),
    ],
)
def test_answers(status: int, said: dict[str, object], verdict: Verdict) -> None:
    answer = Ntfy().read(Reply(status=status, body=json.dumps(said).encode()))
    assert answer.verdict == verdict


def test_a_problem_has_the_servers_code() -> None:
    answer = Ntfy().read(Reply(status=400, body=b'{"code": 40057}'))
    assert answer.problem == "the target answered 400, code 40057"


@pytest.mark.parametrize(
    ("setting", "value"), [("topic", Secret("t0psecr3t/x")), ("server", "ntfy.sh")]
)
def test_settings_that_cannot_work_are_refused(setting: str, value: Any) -> None:
    values: dict[str, Any] = {"topic": Secret("alerts"), setting: value}
    with pytest.raises(ValueError, match=rf"^{setting} ") as raised:
        NtfySettings(**values)
    assert "t0psecr3t" not in str(raised.value)


FILE = RelayFile(
    key="k",
    name='@here "ä\r\n.png',
    size_bytes=5,
    content_type="image/png",
    url="https://r.e/f",
)
SENT = RenderOptions(references={"k": "5"})


def test_a_file_is_put_into_the_topic_without_ringing() -> None:
    call = Ntfy().render_upload(FILE, TOPIC)
    address, _, query = call.url.reveal().partition("?")
    assert (call.method, address) == ("PUT", "https://ntfy.sh/alerts")
    assert dict(parse_qsl(query)) == {"filename": FILE.name, "priority": "2"}
    assert dict(call.headers)["Authorization"] == "Bearer tk_s"
    assert (call.file, call.body) == (FILE, b"")


def test_a_file_always_has_a_name() -> None:
    for name, sent in (("", "file"), ("\ud800.txt", "?.txt")):
        call = Ntfy().render_upload(replace(FILE, name=name), TOPIC)
        query = call.url.reveal().partition("?")[2]
        assert dict(parse_qsl(query))["filename"] == sent


@pytest.mark.parametrize(
    ("status", "said", "verdict", "reference"),
    [
        (200, {"id": "5", "attachment": {"name": "f"}}, "delivered", "5"),
        (200, {"id": "5"}, "content", None),
        (200, {}, "route", None),
        (400, {"code": 40014}, "content", None),
        (400, {"code": 40009}, "route", None),
        (413, {}, "content", None),
        (503, {}, "later", None),
    ],
)
def test_answers_to_a_file(
    status: int, said: dict[str, object], verdict: Verdict, reference: str | None
) -> None:
    reply = Reply(status=status, body=json.dumps(said).encode())
    answer = Ntfy().read_upload(reply)
    assert (answer.verdict, answer.reference) == (verdict, reference)


def test_a_file_that_was_sent_is_named_and_another_is_linked() -> None:
    assert "https://r.e/f" in body(files=(FILE,))["message"]
    sent = body(SENT, files=(FILE,))["message"]
    assert "https://r.e/f" not in sent
    assert ".png" in sent
    refused = replace(SENT, plain=True)
    assert "https://r.e/f" in body(refused, files=(FILE,))["message"]
