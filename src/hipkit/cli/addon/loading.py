"""Find an `AddOn` by the name of its module, as ASGI servers find applications."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import click

from hipkit.addon.addon import AddOn
from hipkit.api.suggestions import did_you_mean

__all__ = ["is_module_name", "load_addon"]

NAME = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")


def is_module_name(text: str) -> bool:
    """Return whether a text has the form `module:addon`."""
    return NAME.fullmatch(text) is not None


def load_addon(text: str) -> AddOn:
    """Import a module from the current folder or the environment, and return its add-on.

    Raises:
        click.UsageError: There is no such module or add-on, or importing it fails. The import's
            own error is its cause.
    """
    found = NAME.fullmatch(text)
    if found is None:
        raise click.UsageError("an add-on is named module:addon, such as karma:addon")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = import_module(found["module"])
    except Exception as error:  # The module is the user's: it may raise anything.
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, ModuleNotFoundError) and error.name == found["module"]:
            reason = f"there is no such module in {folder} or the environment"
        raise click.UsageError(
            f"{found['module']} cannot be imported: {reason}"
        ) from error
    addon = getattr(module, found["name"], None)
    if isinstance(addon, AddOn):
        return addon
    names = [name for name, each in vars(module).items() if isinstance(each, AddOn)]
    meant = did_you_mean(found["name"], names)
    if meant == "." and names:
        meant = f"; it has {', '.join(names)}"
    raise click.UsageError(
        f"{found['module']} has no AddOn named {found['name']}{meant}"
    )
