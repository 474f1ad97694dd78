"""What Slack's own library makes of the requests to Slack."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.models.attachments import Attachment, AttachmentField

from hipkit.relay.targets.protocol import HttpCall
from tests.golden.relay.cases import CASES
from tests.golden.relay.golden import body_of, render

POST = inspect.signature(WebClient.chat_postMessage).parameters


def bodies(target: str, case: str) -> dict[str, Any]:
    rendered = render(target, case)
    assert isinstance(rendered, HttpCall)
    body = body_of(rendered)
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("target", ["slack", "slack-bot"])
def test_attachments_pass_the_checks_of_slack_sdk(target: str, case: str) -> None:
    for members in bodies(target, case).get("attachments", []):
        assert written(members) == members


def written(members: dict[str, Any]) -> Any:
    """Return an attachment as slack_sdk writes it, which checks it."""
    fields = [AttachmentField(**field) for field in members.get("fields", [])]
    values = {"text": "", **members, "fields": fields}
    markdown_in = values.pop("mrkdwn_in")
    found = Attachment(markdown_in=markdown_in, **values).to_dict()
    # An empty title, which the types require, is left out here.
    found["fields"] = [{"title": "", **field} for field in found.get("fields", [])]
    return {name: value for name, value in found.items() if name in members} | {
        "mrkdwn_in": found["mrkdwn_in"]
    }


@pytest.mark.parametrize("case", CASES)
def test_slack_sdk_knows_each_argument_of_a_post(case: str) -> None:
    assert bodies("slack-bot", case).keys() <= POST.keys()
