"""`hipkit serve`: options that are refused before anything is opened or created."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Hipkit


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--admin-email", "nonsense"], "--admin-email"),
        (["--public-url", "chat.example.com"], "--public-url"),
        (["--trusted-proxy", "proxy"], "--trusted-proxy"),
        (["--webhook-network", "10.0.0.1/8"], "--webhook-network"),
        (["--tls-cert", "cert.pem"], "--tls-cert and --tls-key"),
        (["--tls-key", "key.pem"], "--tls-cert and --tls-key"),
        (["--hsts", "60"], "--hsts requires TLS"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_wrong_option_is_refused_before_anything_is_created(
    hipkit: Hipkit, tmp_path: Path, options: list[str], problem: str
) -> None:
    database = tmp_path / "chat.db"

    done = hipkit("serve", "--db", str(database), "--port", "0", *options)

    assert done.code == 2
    assert problem in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_cannot_be_used_is_reported_before_anything_is_created(
    hipkit: Hipkit, tmp_path: Path
) -> None:
    missing = str(tmp_path / "missing.pem")

    done = hipkit(
        "serve",
        *("--db", str(tmp_path / "chat.db"), "--port", "0"),
        *("--tls-cert", missing, "--tls-key", missing),
    )

    assert done.code != 0
    assert "missing.pem" in done.err
    assert list(tmp_path.iterdir()) == []
