"""`hipkit admin`: users, rooms, OAuth clients and tokens, in a server's database itself.

A module a subject: it makes a group of commands with `cls=AdminGroup`, which is named in
`admin` below. Read next: `running.py`, which holds what all commands share.
"""

from __future__ import annotations

from hipkit.cli.admin.ca import ca
from hipkit.cli.admin.clients import client
from hipkit.cli.admin.emoticons import emoticon
from hipkit.cli.admin.rooms import room
from hipkit.cli.admin.running import AdminGroup
from hipkit.cli.admin.tokens import token
from hipkit.cli.admin.users import user
from hipkit.cli.admin.webhooks import webhook

__all__ = ["admin"]

admin = AdminGroup(
    "admin",
    help="""Make users, rooms, OAuth clients and tokens in a server's database.

    The server may be running meanwhile. Secrets are printed once: they are stored as hashes.
    """,
    commands=[
        user,
        room,
        client,
        token,
        emoticon,
        webhook,
        ca,
    ],
)
