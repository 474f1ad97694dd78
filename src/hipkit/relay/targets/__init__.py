"""The targets: one pure module for each, from a message and settings to one request.

Read next: `protocol.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hipkit.relay.targets.apprise import Apprise
from hipkit.relay.targets.discord import Discord
from hipkit.relay.targets.email import Email
from hipkit.relay.targets.googlechat import GoogleChat
from hipkit.relay.targets.matrix import Matrix
from hipkit.relay.targets.mattermost import Mattermost, MattermostBot
from hipkit.relay.targets.ntfy import Ntfy
from hipkit.relay.targets.protocol import Target
from hipkit.relay.targets.rocketchat import RocketChat, RocketChatBot
from hipkit.relay.targets.slack import Slack, SlackBot
from hipkit.relay.targets.teams import Teams
from hipkit.relay.targets.telegram import Telegram
from hipkit.relay.targets.webhook import Webhook
from hipkit.relay.targets.zulip import Zulip

__all__ = ["TARGETS"]

TARGETS: Mapping[str, Target[Any]] = {
    target.name: target
    for target in (
        Apprise(),
        Discord(),
        Email(),
        GoogleChat(),
        Matrix(),
        Mattermost(),
        MattermostBot(),
        Ntfy(),
        RocketChat(),
        RocketChatBot(),
        Slack(),
        SlackBot(),
        Teams(),
        Telegram(),
        Webhook(),
        Zulip(),
    )
}
"""The targets by the names that `to` has in the file."""
