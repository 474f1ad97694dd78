"""`hipkit admin user password-link`."""

from __future__ import annotations

import click

from hipkit.api.addresses import is_web_address
from hipkit.cli.admin.running import (
    AdminCommand,
    as_operator,
    pass_settings,
    show,
)
from hipkit.cli.options import Settings
from hipkit.server.services.access import password_links

__all__ = ["create_password_link"]


@click.command("password-link", cls=AdminCommand)
@click.argument("reference", metavar="USER")
@click.option(
    "--url",
    metavar="URL",
    default="http://127.0.0.1:8070",
    show_default=True,
    help="URL of the server.",
)
@pass_settings
def create_password_link(settings: Settings, /, *, reference: str, url: str) -> None:
    """Create a one-time link to set a user's password.

    The link expires after 24 hours.
    """
    if not is_web_address(url):
        raise click.UsageError("--url must be a URL such as https://chat.example.com")
    key = as_operator(
        lambda context: password_links.create_password_link(context, reference)
    )
    show(settings, {"user": reference, "link": password_links.password_link(url, key)})
