from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Hipkit
from tests.unit.cli.relay.conftest import Sink, Written


def test_a_check_shows_each_route_and_a_sample_and_sends_nothing(
    hipkit: Hipkit, sink: Sink, written: Written
) -> None:
    done = hipkit("relay", "check", written())

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:6] == [
        "route ops: Dev Ops to sink at 127.0.0.1",
        "  url: env:SINK, read",
        "  reach: connected, nothing was sent; the token is not checked",
        "  limits: one message a second, files are linked, what is sent again after an"
        " interruption may be shown twice",
        "  sample:",
        f"    POST http://127.0.0.1:{sink.server_port}/***",
    ]
    assert '"label": "Jenkins"' in done.out
    assert "s3cret" not in done.out
    assert sink.received == []


def test_a_check_is_an_object_for_programs(
    hipkit: Hipkit, sink: Sink, written: Written
) -> None:
    done = hipkit("relay", "check", written(), "--json")

    assert isinstance(done.json, dict)
    [route] = done.json["routes"]
    assert (route["name"], route["to"], route["reachable"]) == ("ops", "sink", True)
    assert route["secrets"] == {"url": "env:SINK"}
    assert route["token"] == "unchecked"
    assert route["sample"]["body"]["color"] == "red"
    assert "s3cret" not in done.out


def test_a_target_that_cannot_be_reached_is_told(
    hipkit: Hipkit, sink: Sink, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SINK", "http://127.0.0.1:1/hooks/s3cret")
    done = hipkit("relay", "check", written())
    assert done.code == 1
    assert "reach: cannot connect to 127.0.0.1:1: Connection refused\n" in done.out

    done = hipkit("relay", "check", written(allowed=False))
    assert done.code == 1
    assert "allow_private_network = true in the route permits private ones" in done.out

    monkeypatch.setenv("SINK", "s3cret")
    done = hipkit("relay", "check", written())
    assert (done.code, "s3cret" in done.out) == (1, False)
    assert "reach: its address is no URL such as" in done.out


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (200, 0, "reach: connected, the token is valid, nothing was sent\n"),
        (401, 1, "reach: the target answered 401; is the token right?\n"),
        (503, 1, "reach: the target answered 503\n"),
    ],
)
def test_a_token_is_checked_where_the_target_tells(
    hipkit: Hipkit,
    asking_sink: Sink,
    written: Written,
    status: int,
    code: int,
    said: str,
) -> None:
    asking_sink.status = status
    done = hipkit("relay", "check", written())
    assert done.code == code
    assert said in done.out
    assert asking_sink.asked == ["/hooks/s3cret/me"]
    assert asking_sink.received == []
    assert "s3cret" not in done.out
