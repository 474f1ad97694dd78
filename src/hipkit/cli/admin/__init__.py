"""`hipkit admin`: manage users, rooms, OAuth clients and tokens in a server's database.

Each module defines one group of commands with `cls=AdminGroup`, listed in `admin` below.
Read next: `running.py`, which holds what all commands share.
"""

from __future__ import annotations

from hipkit.cli.admin.addons import addon
from hipkit.cli.admin.ca import ca
from hipkit.cli.admin.clients import client
from hipkit.cli.admin.emoticons import emoticon
from hipkit.cli.admin.relay import relay
from hipkit.cli.admin.rooms import room
from hipkit.cli.admin.running import AdminGroup
from hipkit.cli.admin.status import status
from hipkit.cli.admin.tokens import token
from hipkit.cli.admin.users import user
from hipkit.cli.admin.webhooks import webhook

__all__ = ["admin"]

admin = AdminGroup(
    "admin",
    help="""Manage a server's users, rooms, OAuth clients, tokens, webhooks, add-ons and routes.

    Works directly on the server's database; the server can keep running. Secrets are
    printed once, when they are created, and cannot be shown again.
    """,
    commands=[
        status,
        user,
        room,
        client,
        token,
        emoticon,
        webhook,
        addon,
        relay,
        ca,
    ],
)
