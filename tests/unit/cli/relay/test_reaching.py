"""What targets are asked about a token, and what their answers mean."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from hipkit.cli.relay.reaching import Reached, TokenState, empty_runtime, reach
from hipkit.relay.routes.route import Route
from hipkit.relay.sending.sender import TargetSender
from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import (
    Answer,
    ChecksToken,
    HttpCall,
    MailServer,
    Rendered,
    Reply,
    Settings,
)
from tests.golden.relay.settings import SECRET, SETTINGS

UNTOLD = {
    "apprise",
    "googlechat",
    "mattermost",
    "rocketchat",
    "slack",
    "teams",
    "webhook",
}
"""Those that only a message tells: an address with a secret in it, mostly."""
OVER_HTTP = sorted(TARGETS.keys() - UNTOLD - {"email"})


def check(name: str) -> HttpCall:
    target, settings = TARGETS[name], SETTINGS[name]
    assert isinstance(target, ChecksToken)
    call = target.render_check(settings)
    assert isinstance(call, HttpCall)
    return call


def read(name: str, status: int, body: object) -> Answer:
    target = TARGETS[name]
    assert isinstance(target, ChecksToken)
    return target.read_check(Reply(status=status, body=json.dumps(body).encode()))


def test_every_other_target_checks_its_token() -> None:
    found = {name for name, one in TARGETS.items() if isinstance(one, ChecksToken)}
    assert found == TARGETS.keys() - UNTOLD


@pytest.mark.parametrize("name", OVER_HTTP)
def test_the_question_has_the_secret_and_sends_no_message(name: str) -> None:
    call = check(name)
    told = [call.url.reveal(), *(value for _, value in call.headers)]
    told += [base64.b64decode(each[6:]).decode() for each in told if "Basic " in each]
    assert any(SECRET in each for each in told)
    assert call.method == "GET" or call.url.reveal().endswith("/auth.test")
    assert call.body in (b"", b"{}")


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("slack-bot", {"ok": True}, (200, {"ok": False, "error": "invalid_auth"})),
        ("matrix", {"user_id": "@a:b"}, (401, {"errcode": "M_UNKNOWN_TOKEN"})),
        ("mattermost-bot", {"id": "a"}, (401, {"id": "api.session_expired"})),
        ("rocketchat-bot", {"success": True}, (401, {"status": "error"})),
        ("zulip", {"result": "success"}, (401, {"code": "INVALID_API_KEY"})),
        ("discord", {"id": "1"}, (401, {"code": 50027})),
        ("telegram", {"ok": True, "result": {"id": 1}}, (401, {"ok": False})),
        ("ntfy", {"username": "ann"}, (401, {"code": 40101})),
    ],
)
def test_an_answer_tells_whether_the_token_is_taken(
    name: str, taken: object, refused: tuple[int, object]
) -> None:
    assert read(name, 200, taken).verdict == "delivered"
    assert read(name, *refused).verdict == "route"
    assert read(name, 200, "<html>").verdict == "route"
    assert read(name, 503, {}).verdict == "later"


class Replying(TargetSender):
    """Answers in place of a target."""

    result: Reply | Answer

    async def send(
        self, rendered: Rendered | MailServer, settings: Settings
    ) -> Reply | Answer:
        """Return the answer that a test set."""
        return self.result


@pytest.mark.parametrize(
    ("name", "result", "token"),
    [
        ("matrix", Reply(status=200, body=b'{"user_id": "@a:b"}'), "valid"),
        ("matrix", Reply(status=401, body=b"{}"), "refused"),
        ("matrix", Reply(status=200, body=b"<html>"), None),
        ("matrix", Answer(verdict="later", problem="no such host"), None),
        ("slack-bot", Reply(status=200, body=b'{"error": "invalid_auth"}'), "refused"),
        ("email", Answer(verdict="delivered"), "valid"),
        ("email", Answer(verdict="route", problem="535"), "refused"),
    ],
)
async def test_what_is_known_of_a_token(
    name: str, result: Reply | Answer, token: TokenState | None
) -> None:
    found = await reached(name, result)
    assert found.token == token
    assert (found.problem is None) == (token == "valid")
    assert SECRET not in str(found)


async def reached(name: str, result: Reply | Answer) -> Reached:
    settings: Any = SETTINGS[name]
    route = Route(name="ops", target=TARGETS[name], settings=settings)
    with empty_runtime() as runtime:
        sender = Replying(runtime)
        sender.result = result
        rendered = HttpCall(method="POST", url=check("matrix").url)
        try:
            return await reach(route, rendered, sender)
        finally:
            await sender.aclose()
            sender.close()
