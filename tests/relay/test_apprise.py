"""Notifications by the real Apprise, to a receiver on this machine."""

from __future__ import annotations

import logging

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.sending.apprise import AppriseSender
from hipkit.relay.targets.protocol import AppriseCall
from tests.unit.server.receiving import Answer, receiving

# Apprise loads modules of Python that newer versions lack.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def call(url: str) -> AppriseCall:
    return AppriseCall(
        url=Secret(url),
        title="disk full",
        text="The disk of <b>db-7</b> is full: @here \\n",
        type="failure",
    )


async def test_text_arrives_as_it_is_with_its_level() -> None:
    sender = AppriseSender()
    with receiving() as receiver:
        url = receiver.url.replace("http://", "json://")
        answer = await sender.send(call(f"{url}/s3cret"))
        posted = receiver.next()
    sender.close()
    assert answer.verdict == "delivered"
    assert posted.json["title"] == "disk full"
    assert posted.json["message"] == "The disk of <b>db-7</b> is full: @here \\n"
    assert posted.json["type"] == "failure"


@pytest.mark.parametrize("status", [404, 429, 503])
async def test_refusal_is_worth_another_try_and_names_no_secret(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    sender = AppriseSender()
    with receiving() as receiver, caplog.at_level(logging.DEBUG):
        receiver.answer = lambda posted: Answer(status)
        url = receiver.url.replace("http://", "json://")
        answer = await sender.send(call(f"{url}/s3cret"))
    sender.close()
    assert answer.verdict == "later"
    assert "s3cret" not in str(answer)
    assert not [one for one in caplog.records if one.name.startswith("apprise")]


async def test_url_of_no_service_breaks_the_route() -> None:
    sender = AppriseSender()
    answer = await sender.send(call("nonsense://s3cret"))
    sender.close()
    assert answer.verdict == "route"
