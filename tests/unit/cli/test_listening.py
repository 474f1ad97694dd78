"""What `hipkit serve` and `hipkit relay` report at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.cli.listening import StartReport
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
