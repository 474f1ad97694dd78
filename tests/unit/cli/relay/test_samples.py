from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from importlib.util import find_spec

import pytest

from hipkit.api.secret import Secret
from hipkit.cli.relay import samples
from hipkit.cli.relay.samples import make_sample, missing_extra
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.protocol import AppriseCall, HttpCall, Mail, Rendered
from tests.unit.relay.fake_target import FakeSettings, FakeTarget


@pytest.mark.parametrize(
    ("rooms", "room"),
    [
        (("*",), "Dev Ops"),
        (("dev *",), "Dev Ops"),
        (("Build *", "CI"), "CI"),
        (("Build *",), "Build main"),
        (("* alerts",), "main alerts"),
        (("Team ?",), "Team 1"),
        (("db[2-9][!0-9]",), "db2a"),
        (("a[b",), "a[b"),
        ((), "Dev Ops"),
    ],
)
def test_a_sample_is_of_a_room_of_the_route(rooms: tuple[str, ...], room: str) -> None:
    route = Route(
        name="ops",
        rooms=rooms,
        label="{from} in {room}: {color}",
        target=FakeTarget(),
        settings=FakeSettings(),
    )
    now = datetime(2026, 11, 30, tzinfo=UTC)
    sample = make_sample(route, now)
    assert sample.sent_at == now
    assert (sample.room, sample.color) == (room, "red")
    assert sample.label == f"Jenkins in {room}: red"


def mail() -> Mail:
    return Mail(
        host="mail.example.com",
        port=25,
        security="none",
        sender="a@example.com",
        recipients=(),
        message=EmailMessage(),
    )


def apprise() -> AppriseCall:
    return AppriseCall(url=Secret("x"), title="", text="", type="info")


@pytest.mark.parametrize(
    ("rendered", "extra"),
    [
        (HttpCall(method="POST", url=Secret("https://a.example.com")), None),
        (mail(), "relay"),
        (apprise(), "apprise"),
    ],
)
def test_an_extra_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, rendered: Rendered, extra: str | None
) -> None:
    monkeypatch.setattr(samples, "find_spec", lambda _: None)
    problem = missing_extra(rendered)
    if extra is None:
        assert problem is None
    else:
        assert problem is not None
        assert f"pip install '.[{extra}]'" in problem
        monkeypatch.setattr(samples, "find_spec", lambda _: find_spec("msgspec"))
        assert missing_extra(rendered) is None
