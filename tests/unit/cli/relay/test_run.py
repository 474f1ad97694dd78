from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.api.secret import Secret
from hipkit.cli.relay.run import describe_senders
from hipkit.server.senders import SenderSettings, SenderToken
from tests.unit.cli.conftest import Hipkit
from tests.unit.cli.relay.conftest import Sink, Written

LISTED = (SenderToken(token=Secret("s3cret"), name="Jenkins"),)
NETWORKS = ("10.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("senders", "line"),
    [
        (SenderSettings(), "any token from this machine"),
        (
            SenderSettings(accept=NETWORKS),
            "any token from this machine and 10.0.0.0/8, ::1/128",
        ),
        (
            SenderSettings(token=LISTED),
            "any token from this machine; listed tokens (1) from anywhere",
        ),
        (
            SenderSettings(token=LISTED, any_token=False, accept=NETWORKS),
            "listed tokens (1) from 10.0.0.0/8, ::1/128",
        ),
        (SenderSettings(any_token=False), "only tokens of hipkit admin token add"),
    ],
)
def test_who_may_send_is_a_line(senders: SenderSettings, line: str) -> None:
    assert describe_senders(senders) == f"senders: {line}"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--host", "192.0.2.1"], 'accept = ["10.0.0.0/8"]'),
        (["--tls-cert", "cert.pem"], "--tls-cert and --tls-key"),
        (["--hsts", "60"], "--hsts requires TLS"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_created(
    hipkit: Hipkit, sink: Sink, written: Written, options: list[str], problem: str
) -> None:
    file = written()

    done = hipkit("relay", file, *options)

    assert (done.code, problem in done.err) == (2, True)
    assert [path.name for path in Path(file).parent.iterdir()] == ["relay.toml"]
