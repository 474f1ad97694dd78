"""Settings of each target, with secrets that nothing may show."""

from __future__ import annotations

from hipkit.api.secret import Secret
from hipkit.relay.targets.apprise import AppriseSettings
from hipkit.relay.targets.discord import DiscordSettings
from hipkit.relay.targets.email import EmailSettings
from hipkit.relay.targets.googlechat import GoogleChatSettings
from hipkit.relay.targets.matrix import MatrixSettings
from hipkit.relay.targets.mattermost import MattermostBotSettings, MattermostSettings
from hipkit.relay.targets.ntfy import NtfySettings
from hipkit.relay.targets.protocol import Settings
from hipkit.relay.targets.rocketchat import RocketChatBotSettings, RocketChatSettings
from hipkit.relay.targets.slack import SlackBotSettings, SlackSettings
from hipkit.relay.targets.teams import TeamsSettings
from hipkit.relay.targets.telegram import TelegramSettings
from hipkit.relay.targets.webhook import WebhookSettings
from hipkit.relay.targets.zulip import ZulipSettings

__all__ = ["SECRET", "SETTINGS"]

SECRET = "t0psecr3t"
"""A part of every secret below."""

SETTINGS: dict[str, Settings] = {
    "apprise": AppriseSettings(url=Secret(f"json://relay.example.com/{SECRET}")),
    "discord": DiscordSettings(
        url=Secret(f"https://discord.com/api/webhooks/1/{SECRET}")
    ),
    "email": EmailSettings(
        server="smtp.example.com",
        sender="relay@example.com",
        recipients=("ops@example.com",),
        username="relay",
        password=Secret(f"{SECRET}-password"),
    ),
    "googlechat": GoogleChatSettings(
        url=Secret(
            f"https://chat.googleapis.com/v1/spaces/AAA/messages?key=1&token={SECRET}"
        )
    ),
    "matrix": MatrixSettings(
        homeserver="https://matrix.example.com",
        room="!room:example.com",
        token=Secret(f"{SECRET}-token"),
    ),
    "mattermost": MattermostSettings(
        url=Secret(f"https://mattermost.example.com/hooks/{SECRET}")
    ),
    "mattermost-bot": MattermostBotSettings(
        server="https://mattermost.example.com",
        token=Secret(f"{SECRET}-token"),
        channel="channel1",
    ),
    "ntfy": NtfySettings(topic=Secret(f"{SECRET}-topic"), token=Secret(f"tk_{SECRET}")),
    "rocketchat": RocketChatSettings(
        url=Secret(f"https://rocket.example.com/hooks/{SECRET}")
    ),
    "rocketchat-bot": RocketChatBotSettings(
        server="https://rocket.example.com",
        user="aobEdbYhXfu5hkeqG",
        token=Secret(f"{SECRET}-token"),
        room="GENERAL",
    ),
    "slack": SlackSettings(url=Secret(f"https://hooks.slack.com/services/{SECRET}")),
    "slack-bot": SlackBotSettings(token=Secret(f"xoxb-{SECRET}"), channel="C024BE91L"),
    "teams": TeamsSettings(
        url=Secret(f"https://prod-1.westeurope.logic.azure.com/workflows/{SECRET}")
    ),
    "telegram": TelegramSettings(token=Secret(f"123:{SECRET}"), chat="-1001234567890"),
    "webhook": WebhookSettings(
        url=Secret(f"https://hooks.example.com/{SECRET}"),
        secret=Secret(f"{SECRET}-of-the-signature"),
    ),
    "zulip": ZulipSettings(
        server="https://example.zulipchat.com",
        email="relay-bot@example.zulipchat.com",
        key=Secret(f"{SECRET}-key"),
        channel="alerts",
    ),
}
