"""Named profiles: base URL, token and options of a client, from one TOML file.

```toml
[profiles.ops]
base-url = "https://chat.example.com/v2"
token-command = ["pass", "show", "hipchat/ops"]

[profiles.bot]
base-url = "https://chat.example.com/v2"
token-file = "bot.token"
timeout = 5
```

Read next: `settings.py`, which finds the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, cast

import msgspec

from hipkit.api.secret import MaskedStruct, Secret
from hipkit.api.suggestions import did_you_mean
from hipkit.client.secret_sources import (
    FOR_OTHERS,
    WRITABLE_BY_OTHERS,
    read_private_file,
    run_command,
    split_command,
)
from hipkit.client.settings import find_profile_file
from hipkit.client.setup import ClientOptions, check_token

__all__ = ["Profile", "read_profile"]


class Profile(
    MaskedStruct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="kebab",
    omit_defaults=True,
):
    """A profile, as it is written in the file, with dashes in place of underscores.

    Attributes:
        base_url: Such as `https://chat.example.com/v2`.
        token_file: A file whose first line is the token, relative to the profiles' file. Only its
            owner may read it.
        token_command: A program and its arguments, run without a shell; the first line that it
            prints is the token.
        transport: `httpcore2` or `pycurl`.
        ca_file: CA certificates (PEM) instead of the system's, relative to the profiles' file.
        proxy: The proxy's URL.
        timeout: See `Policy`.
        deadline: See `Policy`; 0 for no deadline.
        retries: See `Policy`.
        allow_http: See `ClientOptions`.
    """

    # A proxy's URL may hold a password, and so may the arguments of a command.
    secrets = frozenset({"proxy", "token_command"})

    base_url: Annotated[str, msgspec.Meta(min_length=1)]
    token_file: str | None = None
    token_command: str | list[str] | None = None
    transport: Literal["httpcore2", "pycurl"] = "httpcore2"
    ca_file: str | None = None
    proxy: str | None = None
    timeout: float | None = None
    deadline: float | None = None
    retries: int | None = None
    allow_http: bool | None = None

    def read_token(self) -> Secret:
        """Return the token, from its file or from what its command prints.

        Raises:
            ValueError: The file cannot be read, or others may read it; or the command fails. The
                message does not repeat what was read.
        """
        if self.token_file is not None:
            source = self.token_file
            text = read_private_file(Path(source), FOR_OTHERS, "read")
        else:
            arguments = split_command(self.token_command or [])
            source = f"the token command {arguments[0]!r}"
            text = run_command(arguments, source)
        line = text.removeprefix("\ufeff").lstrip("\r\n").partition("\n")[0]
        try:
            return check_token(line)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from None

    def options(self, replaced: ClientOptions | None = None) -> ClientOptions:
        """Return the client's options, some of them replaced."""
        options: dict[str, object] = {
            "verify": self.ca_file,
            "proxy": self.proxy,
            "timeout": self.timeout,
            "deadline": self.deadline,
            "retries": self.retries,
            "allow_http": self.allow_http,
        }
        given = {name: value for name, value in options.items() if value is not None}
        if self.deadline == 0:
            given["deadline"] = None
        return cast("ClientOptions", {**given, **(replaced or {})})


def read_profile(name: str, file: str | os.PathLike[str] | None = None) -> Profile:
    """Read a profile from the file of profiles; its token is not read yet.

    Args:
        name: The profile's name.
        file: The file. Defaults to `HIPKIT_CONFIG`, otherwise `hipkit/config.toml` below
            `XDG_CONFIG_HOME`, otherwise `~/.config/hipkit/config.toml`.

    Raises:
        ValueError: The file cannot be read, or others may write it, or it has no such profile, or
            the profile has a wrong value. The message names the file, the place and what to do.
    """
    path = find_profile_file() if file is None else Path(file)
    # Whoever writes the file chooses the address to which tokens go, and a program to run.
    text = read_private_file(path, WRITABLE_BY_OTHERS, "write")
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # Syntax, or a number with thousands of digits.
        raise ValueError(f"{path}: {error}") from None
    except RecursionError:
        raise ValueError(f"{path}: it is nested too deeply") from None
    profiles = document.get("profiles", {})
    if not isinstance(profiles, Mapping) or not isinstance(name, str):
        raise ValueError(f"{path}: a profile is a table such as [profiles.ops]")
    if name not in profiles:
        known = ", ".join(profiles) or "none"
        raise ValueError(
            f"{path}: no profile {name!r}{did_you_mean(name, profiles)} There are: {known}"
        )
    where = f"{path}: profile {name!r}"
    return _convert(profiles[name], path.absolute().parent, where)


def _convert(table: object, folder: Path, where: str) -> Profile:
    if isinstance(table, Mapping):
        if "token" in table:
            raise ValueError(
                f"{where}: a token does not belong in this file; "
                "use token-file or token-command"
            )
        known = [field.encode_name for field in msgspec.structs.fields(Profile)]
        for key in table.keys() - set(known):
            raise ValueError(
                f"{where}: there is no setting {key!r}{did_you_mean(key, known)} "
                f"There are {', '.join(known)}"
            )
    try:
        profile = msgspec.convert(table, Profile)
    except msgspec.ValidationError as error:
        raise ValueError(f"{where}: {error}") from None
    try:
        has_command = bool(split_command(profile.token_command or []))
        if (profile.token_file is None) == (not has_command):
            raise ValueError("set either token-file or token-command")
        return msgspec.structs.replace(
            profile,
            token_file=_resolved(folder, profile.token_file),
            ca_file=_resolved(folder, profile.ca_file),
        )
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _resolved(folder: Path, path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return str(folder / Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"{path}: this user's home folder is unknown") from None
