"""The plain webhook: what it says of a message, and that it proves who says it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import (
    Attribute,
    RelayCard,
    RelayFile,
    RelayMessage,
    RelayPicture,
)
from hipkit.relay.targets.protocol import HttpCall, RenderOptions, Reply, Verdict
from hipkit.relay.targets.webhook import Webhook, WebhookSettings, sign
from tests.unit.relay.messages import message

SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
SETTINGS = WebhookSettings(url=Secret("https://example.com/hook"), secret=SECRET)
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def rendered(
    relayed: RelayMessage, settings: WebhookSettings = SETTINGS, **options: Any
) -> HttpCall:
    return Webhook().render(relayed, settings, RenderOptions(now=NOW, **options))


def test_the_signature_is_the_one_of_the_specification_s_example() -> None:
    body = b'{"test": 2432232314}'

    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_check_who_sent_what_and_when() -> None:
    call = rendered(message())
    headers = dict(call.headers)

    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    digest = hmac.new(key, signed + call.body, hashlib.sha256).digest()

    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_a_second_try_has_the_same_id_and_body_and_its_own_time() -> None:
    later = RenderOptions(now=NOW.replace(hour=13))

    first = rendered(message())
    second = Webhook().render(message(), SETTINGS, later)

    assert first.body == second.body
    assert dict(first.headers)["webhook-id"] == dict(second.headers)["webhook-id"]
    assert (
        dict(first.headers)["webhook-timestamp"]
        != dict(second.headers)["webhook-timestamp"]
    )


def test_a_secret_may_be_any_text() -> None:
    text = "a secret of 32 characters, or so"
    settings = WebhookSettings(url=SETTINGS.url, secret=Secret(text))
    call = rendered(message(), settings)
    headers = dict(call.headers)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()

    digest = hmac.new(text.encode(), signed + call.body, hashlib.sha256).digest()

    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    ("url", "secret", "problem"),
    [
        ("ftp://example.com/hook", "x" * 16, "url is no address"),
        ("https://", "x" * 16, "url is no address"),
        ("https://example.com/hook", "x" * 15, "shorter than 16 bytes"),
        ("https://example.com/hook", "whsec_YWJj", "shorter than 16 bytes"),
        ("https://example.com/hook", "whsec_not base64!", "not Base64"),
    ],
)
def test_settings_that_cannot_work_are_refused_without_showing_them(
    url: str, secret: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        WebhookSettings(url=Secret(url), secret=Secret(secret))

    assert secret not in str(caught.value)
    assert "/hook" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(204, "delivered"), (400, "content"), (410, "route"), (503, "later")],
)
def test_an_answer_is_read_by_its_status(status: int, verdict: Verdict) -> None:
    reply = Reply(status=status, headers={"retry-after": "7"})

    answer = Webhook().read(reply)

    assert answer.verdict == verdict
    assert answer.wait_seconds == (7 if verdict == "later" else None)


def test_turns_are_taken_by_host() -> None:
    assert Webhook().host(SETTINGS) == "example.com"


def data(call: HttpCall) -> Any:
    return json.loads(call.body)["data"]


def test_every_field_is_always_there() -> None:
    call = rendered(message())

    assert json.loads(call.body) == {
        "type": "notification",
        "timestamp": "2026-11-30T10:00:00Z",
        "data": {
            "id": "01998f3e-8d5c-7a4e-9b1e-2f6a3c4d5e6f",
            "room": "Dev Ops",
            "from": "Jenkins",
            "label": "Jenkins",
            "title": None,
            "avatar_url": None,
            "color": "red",
            "level": "failure",
            "notify": False,
            "text": "Build failed",
            "html": "Build failed",
            "card": None,
            "files": [],
            "link": None,
            "thread": None,
        },
    }


def test_text_is_as_typed_and_html_escaped() -> None:
    body = (Element(tag="b", children=(Text("a < b"),)), Text(" "), Mention("here"))

    found = data(rendered(message(body=body)))

    assert found["text"] == "a < b @here"
    assert found["html"] == "<strong>a &lt; b</strong> @here"


def test_a_card_comes_whole() -> None:
    card = RelayCard(
        id="c",
        style="application",
        title="Build #12",
        url="https://ci.example.com/12",
        description=(Text("broken"),),
        activity=(Text("failed"),),
        attributes=(Attribute(label="Stage", value="test", level="failure"),),
        icon=RelayPicture(url="https://e.com/i.png"),
        thumbnail=RelayPicture(url="https://e.com/t.png", width=10, height=20),
    )

    found = data(rendered(message(card=card)))

    assert found["card"] == {
        "id": "c",
        "style": "application",
        "title": "Build #12",
        "url": "https://ci.example.com/12",
        "description": "broken",
        "activity": "failed",
        "attributes": [
            {
                "label": "Stage",
                "value": "test",
                "url": None,
                "icon": None,
                "level": "failure",
            }
        ],
        "icon": {
            "url": "https://e.com/i.png",
            "url_2x": None,
            "width": None,
            "height": None,
        },
        "thumbnail": {
            "url": "https://e.com/t.png",
            "url_2x": None,
            "width": 10,
            "height": 20,
        },
    }


def test_a_file_is_linked_and_where_the_server_keeps_it_stays_inside() -> None:
    file = RelayFile(
        key="blobs/ab",
        name="cpu.png",
        size_bytes=7,
        content_type="image/png",
        url="https://relay.example.com/f",
    )

    call = rendered(message(files=(file,)))

    assert data(call)["files"] == [
        {
            "name": "cpu.png",
            "size_bytes": 7,
            "content_type": "image/png",
            "url": "https://relay.example.com/f",
        }
    ]
    assert b"blobs/ab" not in call.body


def test_a_long_text_is_cut_and_says_so() -> None:
    found = data(rendered(message(body=(Text("word " * 30_000),))))

    assert len(found["text"]) <= 100_000
    assert found["text"].endswith(" more characters)")
    assert found["html"].endswith(" more characters)")


def test_what_was_refused_is_sent_as_text_alone() -> None:
    card = RelayCard(id="c", style="link", title="Build")

    found = data(rendered(message(card=card), plain=True))

    assert (found["text"], found["html"], found["card"]) == ("Build failed", None, None)


@pytest.mark.parametrize(
    ("notify", "shown"), [("normal", True), ("mention", True), ("never", False)]
)
def test_a_route_that_never_notifies_says_so(notify: Any, shown: bool) -> None:
    assert data(rendered(message(loud=True), notify=notify))["notify"] is shown
