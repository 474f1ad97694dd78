"""`hipkit admin ca`: certificates for names that no public authority would give us."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from hipkit.cli.admin.running import pass_settings, show
from hipkit.cli.options import Command, Settings

__all__ = ["ca"]


@click.command("ca", cls=Command)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="hipkit-ca",
    show_default=True,
    help="Where the files lie.",
)
@pass_settings
def ca(settings: Settings, /, *, names: tuple[str, ...], folder: Path) -> None:
    """Make a certificate authority that may vouch for these names alone, and a certificate.

    Run again it keeps the authority and renews the certificate; names are then not needed.
    The server takes it with --tls-cert and --tls-key, and other machines have to trust ca.pem.
    Keep ca-key.pem where nobody else can read it: only renewing needs it.
    """
    # Here, because loading it takes longer than most commands.
    from hipkit.server.certificates import make_or_renew

    made = make_or_renew(folder, names, datetime.now(UTC))
    show(
        settings,
        {
            "to_trust": str(made.certificate),
            "tls_cert": str(made.server_certificate),
            "tls_key": str(made.server_key),
            "names": ", ".join(made.names),
            "expires": made.expires.date().isoformat(),
        },
    )
