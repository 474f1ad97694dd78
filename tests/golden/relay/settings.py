"""Settings of each target, with secrets that nothing may show."""

from __future__ import annotations

from hipkit.api.secret import Secret
from hipkit.relay.targets.email import EmailSettings
from hipkit.relay.targets.matrix import MatrixSettings
from hipkit.relay.targets.protocol import Settings
from hipkit.relay.targets.webhook import WebhookSettings

__all__ = ["SECRET", "SETTINGS"]

SECRET = "t0psecr3t"
"""A part of every secret below."""

SETTINGS: dict[str, Settings] = {
    "email": EmailSettings(
        server="smtp.example.com",
        sender="relay@example.com",
        recipients=("ops@example.com",),
        username="relay",
        password=Secret(f"{SECRET}-password"),
    ),
    "matrix": MatrixSettings(
        homeserver="https://matrix.example.com",
        room="!room:example.com",
        token=Secret(f"{SECRET}-token"),
    ),
    "webhook": WebhookSettings(
        url=Secret(f"https://hooks.example.com/{SECRET}"),
        secret=Secret(f"{SECRET}-of-the-signature"),
    ),
}
