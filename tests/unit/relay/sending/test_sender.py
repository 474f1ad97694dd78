from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.sending.sender import TargetSender
from hipkit.relay.targets.protocol import Answer, AppriseCall, HttpCall, Mail, Reply
from hipkit.server.services.context import Runtime
from tests.unit.relay.fake_target import FakeSettings
from tests.unit.server.receiving import receiving

NARROW = FakeSettings()
WIDE = FakeSettings(allow_private_network=True)


@pytest.fixture
async def sender(runtime: Runtime) -> AsyncIterator[TargetSender]:
    opened = TargetSender(runtime)
    yield opened
    await opened.aclose()
    await runtime.close_outgoing()
    opened.close()


async def test_private_network_is_open_to_the_route_that_says_so(
    sender: TargetSender,
) -> None:
    with receiving() as receiver:
        call = HttpCall(method="POST", url=Secret(f"{receiver.url}/hook"))
        refused = await sender.send(call, NARROW)
        assert receiver.all() == []
        taken = await sender.send(call, WIDE)
        assert len(receiver.all()) == 1
        # A connection that is open by now leads nobody else there.
        again = await sender.send(call, NARROW)
        assert receiver.all() == []
    assert isinstance(refused, Answer)
    assert isinstance(taken, Reply)
    assert isinstance(again, Answer)


@pytest.mark.parametrize(
    ("settings", "is_tried"), [(NARROW, False), (WIDE, True)], ids=["narrow", "wide"]
)
async def test_mail_obeys_the_same_policy(
    sender: TargetSender, settings: FakeSettings, is_tried: bool
) -> None:
    mail = Mail(
        host="127.0.0.1",
        port=1,
        security="none",
        sender="a@example.com",
        recipients=("b@example.com",),
        message=EmailMessage(),
    )
    answer = await sender.send(mail, settings)
    assert isinstance(answer, Answer)
    assert ("allow_private_network" not in str(answer.problem)) == is_tried


async def test_notification_goes_by_apprise(
    sender: TargetSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    call = AppriseCall(
        url=Secret("json://127.0.0.1:1"), title="a", text="b", type="info"
    )
    answer = await sender.send(call, WIDE)
    assert isinstance(answer, Answer)
    assert "apprise" in str(answer.problem)


async def test_mail_without_its_extra_names_the_command_that_installs_it(
    sender: TargetSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    monkeypatch.delitem(sys.modules, "hipkit.relay.sending.mail", raising=False)
    mail = Mail(
        host="127.0.0.1",
        port=1,
        security="none",
        sender="a@example.com",
        recipients=("b@example.com",),
        message=EmailMessage(),
    )
    answer = await sender.send(mail, WIDE)
    assert isinstance(answer, Answer)
    assert answer.verdict == "route"
    assert ".[relay]" in str(answer.problem)
