from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Text
from hipkit.relay.targets.apprise import Apprise, AppriseSettings
from hipkit.relay.targets.protocol import AppriseCall, RenderOptions, Reply
from tests.unit.relay.messages import message

URL = Secret("pover://user@t0psecr3t")


def call(longest: int = 1_000, **changes: Any) -> AppriseCall:
    settings = AppriseSettings(url=URL, longest=longest)
    return Apprise().render(message(**changes), settings, RenderOptions())


def test_a_message_is_text_with_a_title() -> None:
    shown = call()
    assert (shown.title, shown.text) == ("Jenkins · Dev Ops", "Build failed")
    assert call(title="CI").title == "Jenkins · CI"
    assert shown.url is URL


@pytest.mark.parametrize(
    ("color", "kind"),
    [
        ("green", "success"),
        ("yellow", "warning"),
        ("red", "failure"),
        ("purple", "info"),
        ("gray", "info"),
        (None, "info"),
    ],
)
def test_the_type_is_that_of_the_color(color: Any, kind: str) -> None:
    assert call(color=color).type == kind


def test_nobody_is_rung_by_text_and_title() -> None:
    shown = call(label="@here", body=(Text("@everyone <!here>"),))
    assert shown.title.startswith("@\u200bhere")
    assert shown.text == "@\u200beveryone <\u200b!here>"


def test_a_text_is_as_long_as_the_service_takes() -> None:
    long = (Text("word " * 5_000),)
    assert 900 < len(call(body=long).text) <= 1_000
    assert 4_500 < len(call(longest=5_000, body=long).text) <= 5_000
    assert call(body=()).text == "(no text)"


def test_only_the_service_is_shown() -> None:
    assert Apprise().host(AppriseSettings(url=URL)) == "pover"


def test_an_answer_that_never_comes_is_read_by_its_status() -> None:
    assert Apprise().read(Reply(status=503)).verdict == "later"


@pytest.mark.parametrize("longest", [99, 10_001])
def test_lengths_that_cannot_work_are_refused(longest: int) -> None:
    with pytest.raises(ValueError, match=r"^longest must be 100 to 10,000$"):
        AppriseSettings(url=URL, longest=longest)


def test_an_address_without_a_service_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^url ") as raised:
        AppriseSettings(url=Secret("t0psecr3t"))
    assert "t0psecr3t" not in str(raised.value)
