"""Reads the address of a PostgreSQL database, and shows it without a password."""

from __future__ import annotations

from collections.abc import Mapping

from hipkit.api.errors import StorageError
from hipkit.api.secret import Secret
from hipkit.extras import install_hint

__all__ = ["Address", "is_address"]

SCHEMES = ("postgresql://", "postgres://")

# What an address leaves open. The keepalives are those of this side: a server that vanished
# without a word is noticed within half a minute.
DEFAULTS = {
    "connect_timeout": "5",
    "fallback_application_name": "hipkit",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}


def is_address(text: str) -> bool:
    """Return whether a text is the address of a PostgreSQL database, and not a file's name."""
    return text.startswith(SCHEMES)


class Address:
    """Where a database is, and how to connect to it. Its text has no password.

    Args:
        text: `postgresql://USER@HOST:PORT/NAME?...`, with the parameters that PostgreSQL's own
            programs take. A password's `@`, `:`, `/`, `?`, `#` and `%` are percent-encoded; a
            host or a name with an `@` is refused. What it leaves open comes from the environment
            (`PGPASSWORD`, `PGPASSFILE`, `PGSERVICE` and so on), as for these programs.

    Raises:
        StorageError: It cannot be read, or the extra `postgres` is not installed.

    Source: PostgreSQL's documentation of libpq, "Connection Strings".
    """

    def __init__(self, text: str) -> None:
        try:
            # Loaded late: most servers run on SQLite, and without PostgreSQL's library.
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict, make_conninfo
        except ImportError as error:
            raise StorageError(
                f"PostgreSQL requires another package: {install_hint('postgres')}"
            ) from error
        try:
            members = conninfo_to_dict(text)
        except ProgrammingError:
            members = None
        if members is None or _may_show_password(members):
            # Without the reason: it may quote a password.
            raise StorageError(
                "the address of the database cannot be read; it has the form"
                " postgresql://USER@HOST:PORT/NAME?PARAMETER=VALUE, where the characters"
                " @ : / ? # % of a password are written as %40 %3A %2F %3F %23 %25"
            )
        self.has_password = "password" in members
        self._shown = _show(members)
        self._text = Secret(
            make_conninfo("", **{**DEFAULTS, **members, "client_encoding": "UTF8"})
        )

    def reveal(self) -> str:
        """Return the text that libpq takes, with the password if the address has one."""
        return self._text.reveal()

    def __str__(self) -> str:
        """Return the address without a password."""
        return self._shown

    def __repr__(self) -> str:
        """Return the address without a password."""
        return f"<Address {self._shown}>"


def _may_show_password(members: Mapping[str, object]) -> bool:
    """Return whether a part that is shown may hold what follows an unescaped `/` or `@`.

    libpq reads `postgresql://ann:a/b@db` as the port `a` and the database `b@db`.
    """
    ports = str(members.get("port", "")).split(",")
    places = (str(members.get(name, "")) for name in ("host", "hostaddr", "dbname"))
    return not all(not port or port.isdecimal() for port in ports) or any(
        "@" in place for place in places
    )


def _show(members: Mapping[str, object]) -> str:
    if "service" in members:
        return f"postgresql://?service={members['service']}"
    user = f"{members['user']}@" if "user" in members else ""
    port = f":{members['port']}" if "port" in members else ""
    host = members.get("host", members.get("hostaddr", ""))
    return f"postgresql://{user}{host}{port}/{members.get('dbname', '')}"
