"""What `hipkit serve` and `hipkit relay` report at the start."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from hipkit.cli.listening import Listener, StartReport
from hipkit.cli.options import Settings
from hipkit.server.settings import Settings as ServerSettings


@pytest.mark.parametrize(
    ("public_url", "shown"),
    [
        (None, "https://127.0.0.1:8443/v2"),
        (
            "https://chat.example.com/",
            "https://chat.example.com/v2, listening at https://127.0.0.1:8443/v2",
        ),
    ],
)
def test_the_address_is_shown_that_others_use(
    capsys: pytest.CaptureFixture[str], public_url: str | None, shown: str
) -> None:
    start = StartReport(
        Settings(), ServerSettings(database=Path("chat.db"), public_url=public_url)
    )

    start.on_ready("https://127.0.0.1:8443")

    assert capsys.readouterr().out == f"serving HipChat's API at {shown}\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9100", ("127.0.0.1", 9100)),
        ("0", ("127.0.0.1", 0)),
        ("10.0.0.1:9100", ("10.0.0.1", 9100)),
        ("metrics.example.com:65535", ("metrics.example.com", 65535)),
        ("[::1]:9100", ("::1", 9100)),
        ("::1:9100", ("::1", 9100)),
    ],
)
def test_a_port_is_of_this_machine_unless_a_host_is_named(
    text: str, address: tuple[str, int]
) -> None:
    assert Listener().convert(text, None, None) == address


@pytest.mark.parametrize(
    "text", ["", ":", ":9100", "[]:9100", "host", "host:", "65536", "-1", "٣"]
)
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Listener().convert(text, None, None)
