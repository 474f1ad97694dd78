"""Read the secrets that a file refers to: `file:PATH`, `env:NAME`, `command:PROGRAM ARGUMENTS`.

A secret never stands in the file itself, and nothing that is shown repeats one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from hipkit.api.secret import Secret
from hipkit.client.secret_sources import (
    read_private_file,
    run_command,
    split_command,
)

__all__ = ["References", "shown_reference"]

REFERENCE = re.compile(r"(file|env|command):(.*)", re.DOTALL)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
REFUSED = stat.S_IRWXO | stat.S_IWGRP
"""The bits that a secret's file must not have. Its group may read it: systemd and Kubernetes give
a service its secrets in this way."""


class References:
    """Reads secrets, each once.

    Args:
        folder: Where relative paths begin.
        environment: The environment's variables.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._environment = os.environ if environment is None else environment
        self._read: dict[str, Secret] = {}

    def read(self, reference: object) -> Secret:
        """Return the secret that a reference leads to, without the line end after it.

        Raises:
            ValueError: It is no reference, or its source cannot be read, is empty, or has more
                than one line. The message has no secret, nor what stood in place of a reference.
        """
        found = REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        if found is None or not found[2].strip():
            raise ValueError(
                "must refer to the secret: file:PATH, env:NAME or command:PROGRAM;"
                " the secret itself does not belong in this file"
            )
        text = found[0]
        if text not in self._read:
            self._read[text] = self._source(found[1], found[2].strip())
        return self._read[text]

    def _source(self, kind: str, where: str) -> Secret:
        if kind == "env":
            if not VARIABLE.fullmatch(where):
                raise ValueError("env: must be followed by the name of a variable")
            if where not in self._environment:
                raise ValueError(f"the environment has no variable {where}")
            return _checked(f"the variable {where}", self._environment[where])
        if kind == "file":
            try:
                path = self._folder / Path(where).expanduser()
            except RuntimeError:
                raise ValueError("this user's home folder is unknown") from None
            return _checked(str(path), read_private_file(path, REFUSED, "read"))
        arguments = split_command(where)
        if not arguments:
            raise ValueError("command: must be followed by a program")
        name = f"the command {arguments[0]!r}"
        return _checked(name, run_command(arguments, name))


def shown_reference(reference: str) -> str:
    """Return a reference to show: of a command only the program, for its arguments may be secret.

    Anything else than a reference is `***`.
    """
    found = REFERENCE.fullmatch(reference)
    if found is None:
        return str(Secret(reference))
    if found[1] != "command":
        return reference
    try:
        arguments = split_command(found[2])
    except ValueError:
        arguments = []
    return f"command:{arguments[0] if arguments else ''}"


def _checked(source: str, text: str) -> Secret:
    if not (text := text.rstrip("\r\n")):
        raise ValueError(f"{source}: it is empty")
    if CONTROL.search(text):
        raise ValueError(
            f"{source}: it has more than one line, or a control character; a secret has neither"
        )
    return Secret(text)
