from __future__ import annotations

import asyncio
import json

import pytest

from hipkit.api.secret import Secret
from hipkit.cli.relay.printing import PrintingSender
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.protocol import HttpCall
from tests.unit.relay.fake_target import FakeSettings, FakeTarget

ROUTES = [
    Route(name=name, target=FakeTarget(), settings=FakeSettings())
    for name in ("ops", "other")
]
CALL = HttpCall(method="POST", url=Secret("https://chat.example.com/hook"), body=b"{}")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_request_is_printed_with_its_route_and_counts_as_delivered(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    sender = PrintingSender(lambda: ROUTES, as_json=as_json)

    answer = asyncio.run(sender.send(CALL, ROUTES[1].settings))

    assert answer.verdict == "delivered"
    assert answer.reference is not None  # By which replies find their thread.
    out = capsys.readouterr().out
    if as_json:
        assert json.loads(out) == {
            "route": "other",
            "method": "POST",
            "url": "https://chat.example.com/hook",
            "headers": {},
            "body": {},
        }
    else:
        assert out == "route other:\nPOST https://chat.example.com/hook\n  {}\n"
