"""`hipkit admin ca`: certificates for names that no public authority certifies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from hipkit.cli.admin.running import show
from hipkit.cli.options import Command, Settings

__all__ = ["ca"]


@click.command("ca", cls=Command)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="hipkit-ca",
    help="Directory to write the files to.",
)
@click.pass_obj
def ca(settings: Settings, /, *, names: tuple[str, ...], folder: Path) -> None:
    """Create a certificate authority and a server certificate.

    The authority can certify only the given names. Pass the certificate and its key to hipkit
    serve with --tls-cert and --tls-key, and make the machines that connect to the server trust
    ca.pem.

    Run the command again to renew the certificate. The authority stays the same, and names can
    be omitted. Keep ca-key.pem private: it is needed for renewal only.
    """
    # Imported here: loading it takes longer than most commands.
    from hipkit.server.certificates import create_or_renew

    made = create_or_renew(folder, names, datetime.now(UTC))
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
