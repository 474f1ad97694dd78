"""Advice on paths that no operation has."""

from __future__ import annotations

import pytest

from hipkit.server.page.advice.paths import advice_on_path, version_of


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/room/Ops", "Send this to `/v2/room/Ops`."),
        ("/rooms/message?a=b", "Send this to `/v1/rooms/message`."),
        ("/api/v2/room/Ops?a", "before `/v2`: send this to `/v2/room/Ops`,"),
        ("/v3/room/Ops", "There is no version `v3`"),
        ("/V2/room/Ops", "There is no version `V2`"),
        ("/", "lacks the version"),
        ("/v2", "No operation has this path."),
        ("/v2/rooms/message", "Send this to `/v1/rooms/message`."),
        ("/v2/rooms/Ops/notification", "Send this to `/v2/room/Ops/notification`."),
        ("/v2/users/@ann/message?a=b", "Send this to `/v2/user/@ann/message`."),
        ("/room/message", "Send this to `/v1/rooms/message`."),
        ("/rooms/Ops/notification", "Send this to `/v2/room/Ops/notification`."),
        ("/v1/room/message", "Send this to `/v1/rooms/message`."),
        ("/v2/rooms/a/b/c/d/e", "of the API's other version, `/v1`."),
        ("/v1/room/Ops", "Send this to `/v2/room/Ops`."),
    ],
)
def test_a_path_of_no_version_or_of_the_other_one_gets_its_own(
    target: str, text: str
) -> None:
    assert text in advice_on_path(target)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/v2/v2/room/Ops/notification?x=1", "`/v2` stands twice: leave it out"),
        ("/v2/v2/room/Ops/notification?x=1", "meant is `/v2/room/Ops/notification`."),
        ("/v2/v2/v2/room", "What was meant is `/v2/room`."),
        ("//v2//v2//room/Ops", "What was meant is `/v2/room/Ops`."),
        ("/v1/v1/rooms/message", "`/v1` stands twice"),
        ("/v1/v2/room/Ops", "two versions: leave `/v1` out"),
        ("/v2/v1/rooms/list", "What was meant is `/v1/rooms/list`."),
    ],
)
def test_a_doubled_version_is_left_out_of_the_address(target: str, text: str) -> None:
    assert text in advice_on_path(target)


@pytest.mark.parametrize(
    "target", ["/", "/favicon.ico", "/v2/v2/rooms/Ops/x", "/v1/v2/no/such/path/here"]
)
def test_no_path_is_named_that_no_operation_has(target: str) -> None:
    advice = advice_on_path(target)

    assert "Send this to" not in advice
    assert "What was meant" not in advice


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("/v1/rooms/messages", "/v1/rooms/message"),
        ("/v1/rooms/mesage?auth_token=***", "/v1/rooms/message"),
        ("/v2/rom/On%20Call/notification", "/v2/room/On%20Call/notification"),
        ("/v2/room/Ops/notifications", "/v2/room/Ops/notification"),
        ("/v2/room/Ops/Notification", "/v2/room/Ops/notification"),
        ("/v2/room/Ops/histori/latest", "/v2/room/Ops/history/latest"),
        ("/v2/user/@ann/messages", "/v2/user/@ann/message"),
        ("/v2/emoticons", "/v2/emoticon"),
    ],
)
def test_a_misspelt_path_gets_that_of_an_operation(target: str, meant: str) -> None:
    assert advice_on_path(target) == (
        f"No operation has this path. Did you mean `{meant}`?"
    )


@pytest.mark.parametrize(
    "target",
    [
        "/v2/no/such/thing",
        "/v2/room/Ops/frobnicate",
        "/v1/rooms",
        "/v2/" + "x" * 100_000,
        "/v2/" + "/".join("abcdefghij" * 20),
        "/v2/{room_id_or_name}/x",
    ],
)
def test_a_path_that_resembles_none_gets_no_suggestion(target: str) -> None:
    assert "Did you mean" not in advice_on_path(target)
    assert "has to be escaped" in advice_on_path(target)


def test_the_version_is_the_first_segment() -> None:
    assert version_of("//v1/rooms") == "v1"
    assert version_of("/?v1/x") == ""
