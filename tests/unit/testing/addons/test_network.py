"""Faults on demand: what an add-on meets, besides success."""

from __future__ import annotations

import pytest

from hipkit import AsyncHipChat
from hipkit.addon import AddOn, Failure, Message
from hipkit.api.errors import BadRequestError, RateLimitError, UnauthorizedError
from hipkit.testing.addons import AddOnHost, TestRoom
from hipkit.testing.addons.tampering import Tampering


def greeter(failures: list[Exception] | None = None) -> AddOn:
    addon = AddOn(
        key="greeter", name="Greeter", scopes=["send_notification", "view_room"]
    )

    @addon.on_message("^hello")
    async def hello(message: Message, client: AsyncHipChat) -> str:
        room = await client.rooms.get_room(message.room.id)
        return f"welcome to {room.name}"

    @addon.on_error
    def failed(failure: Failure) -> None:
        if failures is not None:
            failures.append(failure.error)

    return addon


@pytest.fixture
def ops(addon_host: AddOnHost) -> TestRoom:
    return addon_host.room("ops")


@pytest.mark.parametrize("status", [429, 502, 503, None])
def test_a_passing_failure_is_overcome(
    addon_host: AddOnHost, ops: TestRoom, status: int | None
) -> None:
    addon_host.install(greeter())
    addon_host.fail_calls(status, retry_after=0)

    ops.say("hello")

    assert ops.replies == ["welcome to ops"]
    made = [(one.operation, one.status) for one in addon_host.calls]
    assert made[-3:] == [
        ("get_room", status),
        ("get_room", 200),
        ("send_room_notification", 204),
    ]


def test_a_lasting_failure_reaches_the_handler(
    addon_host: AddOnHost, ops: TestRoom
) -> None:
    failures: list[Exception] = []
    addon_host.install(greeter(failures))
    addon_host.fail_calls(
        429, times=4, operation="send_room_notification", retry_after=0
    )

    ops.say("hello")

    assert ops.replies == []
    assert [type(each) for each in failures] == [RateLimitError]
    ops.say("hello")
    assert ops.replies == ["welcome to ops"]


def test_only_errors_are_failures(addon_host: AddOnHost) -> None:
    with pytest.raises(ValueError, match="204"):
        addon_host.fail_calls(204)


def test_the_token_endpoint_fails_only_by_name(
    addon_host: AddOnHost,
) -> None:
    addon_host.fail_calls(500)
    addon_host.install(greeter())
    addon_host.fail_calls(500, operation="generate_token")
    with pytest.raises(BadRequestError, match="it answered 500"):
        addon_host.another("chat.example.com").install(greeter_again(addon_host))


def greeter_again(host: AddOnHost) -> AddOn:
    return host._network.addons["greeter"].addon


def test_a_token_that_was_ended_is_renewed(
    addon_host: AddOnHost, ops: TestRoom
) -> None:
    addon = greeter()
    addon_host.install(addon)
    ops.say("hello")
    addon_host.expire_tokens(addon)

    ops.say("hello")

    assert ops.replies == ["welcome to ops"] * 2
    made = [(one.operation, one.status) for one in addon_host.calls]
    assert made[-4:] == [
        ("get_room", 401),
        ("generate_token", 200),
        ("get_room", 200),
        ("send_room_notification", 204),
    ]


def test_an_add_on_that_is_removed_in_the_middle_fails_without_a_reply(
    addon_host: AddOnHost, ops: TestRoom
) -> None:
    failures: list[Exception] = []
    addon = greeter(failures)
    installation = addon_host.install(addon)
    addon_host.remove_at_next_call(addon, operation="send_room_notification")

    ops.say("hello")

    assert ops.replies == []
    assert [type(each) for each in failures] == [UnauthorizedError]
    assert installation.scopes == set()


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("unsigned", 401),
        ("forged", 401),
        ("alg_none", 401),
        ("expired", 401),
        ("stranger", 401),
        ("other_body", 400),
    ],
)
def test_what_is_not_from_the_server_is_refused(
    addon_host: AddOnHost, ops: TestRoom, how: Tampering, status: int
) -> None:
    addon_host.install(greeter())
    with addon_host.tampering(how):
        ops.say("hello")
        (delivery,) = addon_host.deliver()
    assert (delivery.state, delivery.status) == ("refused", status)
    assert ops.replies == []
    ops.say("hello")
    assert ops.replies == ["welcome to ops"]


def test_the_signature_of_another_event_does_not_fit(
    addon_host: AddOnHost, ops: TestRoom
) -> None:
    addon_host.install(greeter())
    ops.say("hello")
    with addon_host.tampering("replayed"):
        ops.say("hello, it is Jane", user=addon_host.user("Jane"))
    assert ops.replies == ["welcome to ops"]


def test_a_delivery_that_is_repeated_is_handled_once(
    addon_host: AddOnHost, ops: TestRoom
) -> None:
    with pytest.raises(LookupError):
        addon_host.repeat_delivery()
    addon_host.install(greeter())
    ops.say("hello")

    assert addon_host.repeat_delivery() == 204
    assert ops.replies == ["welcome to ops"]


def test_an_installation_by_a_host_of_another_name_is_refused(
    addon_host: AddOnHost,
) -> None:
    with (
        addon_host.tampering("wrong_host"),
        pytest.raises(BadRequestError, match="answered 4"),
    ):
        addon_host.install(greeter())


def test_a_change_that_does_not_exist_lists_those_that_do(
    addon_host: AddOnHost,
) -> None:
    with (
        pytest.raises(ValueError, match="unsigned, forged"),
        addon_host.tampering("fogred"),  # type: ignore[arg-type]  # that is the test
    ):
        pass
