from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Hipkit
from tests.unit.cli.relay.conftest import Sink, Written


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
