from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.sending.apprise import AppriseSender, load_apprise
from hipkit.relay.targets.protocol import AppriseCall

CALL = AppriseCall(
    url=Secret("json://s3cret@example.com"),
    title="disk full",
    text="The disk of db-7 is <b>full</b>.",
    type="failure",
)


class FakePackage(ModuleType):
    """As much of Apprise as is used; `tests/relay` tries the real one."""

    NotifyFormat = SimpleNamespace(TEXT="text")

    def __init__(self) -> None:
        super().__init__("apprise")
        self.knows = True
        self.notify: Any = lambda **_: True
        self.sent: list[dict[str, Any]] = []

    def Apprise(self) -> Any:  # noqa: N802 - its name there
        def notify(**values: Any) -> Any:
            self.sent.append(values)
            return self.notify(**values)

        return SimpleNamespace(add=lambda url: self.knows, notify=notify)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> FakePackage:
    fake = FakePackage()
    monkeypatch.setitem(sys.modules, "apprise", fake)
    return fake


@pytest.fixture
def sender() -> Iterator[AppriseSender]:
    opened = AppriseSender()
    yield opened
    opened.close()


async def test_text_is_sent_as_text_with_the_level(
    sender: AppriseSender, package: FakePackage
) -> None:
    assert (await sender.send(CALL)).verdict == "delivered"
    (sent,) = package.sent
    assert sent["body"] == CALL.text
    assert (sent["title"], sent["notify_type"]) == ("disk full", "failure")
    assert sent["body_format"] == "text"


async def test_calls_are_made_in_a_thread(
    sender: AppriseSender, package: FakePackage
) -> None:
    threads: list[threading.Thread] = []

    def notify(**_: Any) -> bool:
        threads.append(threading.current_thread())
        return True

    package.notify = notify
    await sender.send(CALL)
    assert len(threads) == 1
    assert threads != [threading.current_thread()]


async def test_failure_is_worth_another_try(
    sender: AppriseSender, package: FakePackage
) -> None:
    package.notify = lambda **_: False
    assert (await sender.send(CALL)).verdict == "later"


async def test_plugin_that_raises_is_a_failure_without_what_it_says(
    sender: AppriseSender, package: FakePackage
) -> None:
    def fail(**_: Any) -> bool:
        raise ValueError("json://s3cret@example.com")

    package.notify = fail
    answer = await sender.send(CALL)
    assert answer.verdict == "later"
    assert answer.problem == "Apprise failed: ValueError"


async def test_unknown_url_breaks_the_route(
    sender: AppriseSender, package: FakePackage
) -> None:
    package.knows = False
    answer = await sender.send(CALL)
    assert answer.verdict == "route"
    assert "s3cret" not in str(answer)


async def test_slow_plugin_is_waited_for_within_bounds(package: FakePackage) -> None:
    release = threading.Event()
    package.notify = lambda **_: release.wait(30)
    sender = AppriseSender(seconds=0.05)
    try:
        answer = await sender.send(CALL)
    finally:
        release.set()
        sender.close()
    assert answer.verdict == "later"


async def test_missing_package_is_named_with_the_command_that_installs_it(
    sender: AppriseSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ModuleNotFoundError, match=r"\.\[apprise\]"):
        load_apprise()
    answer = await sender.send(CALL)
    assert answer.verdict == "route"
    assert ".[apprise]" in str(answer.problem)
