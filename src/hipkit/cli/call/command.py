"""The commands for the operations, each built from the operation's class when it is used."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from textwrap import fill

import click
from click.formatting import HelpFormatter
from click.shell_completion import CompletionItem

from hipkit.api.catalog import Entry
from hipkit.api.operation import Operation
from hipkit.api.suggestions import did_you_mean
from hipkit.cli.call.arguments import add_help, build, flag_of, is_list, parameters
from hipkit.cli.options import Command, LazyGroup, Settings
from hipkit.cli.output import write, write_json
from hipkit.v2.catalog import OPERATIONS

__all__ = [
    "OperationCommand",
    "call",
    "command_name",
    "find_entry",
    "unknown_operation",
]

FLAGS = {
    "all": "Fetch all pages of results.",
    "raw": "Print the response as received, whatever its status.",
    "dry_run": "Print the request without sending it. Secrets are hidden.",
}


def command_name(entry: Entry) -> str:
    """Return an operation's name on the command line."""
    return entry.operation_id.replace("_", "-")


def find_entry(name: str) -> Entry | None:
    """Return the operation of this name, written with dashes or underscores."""
    wanted = name.replace("-", "_")
    return next((each for each in OPERATIONS if each.operation_id == wanted), None)


def unknown_operation(name: str) -> str:
    """Return the error for a name that no operation has."""
    hint = did_you_mean(name, map(command_name, OPERATIONS))
    return f"unknown operation{hint} To see all, run: hipkit call --list"


class OperationCommand(Command):
    """The command for one operation."""

    def __init__(self, entry: Entry) -> None:
        self.kind = entry.load()
        super().__init__(
            command_name(entry),
            params=[*parameters(self.kind), *_call_options(self.kind)],
            callback=click.pass_obj(self._perform),
        )
        self._entry = entry

    def format_help(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        """Write the help, whose texts are loaded only now."""
        self._load_help()
        super().format_help(ctx, formatter)

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the options, which some shells show with their help."""
        self._load_help()
        return super().shell_complete(ctx, incomplete)

    def _load_help(self) -> None:
        from hipkit.v2.help import HELP

        found = HELP[self._entry.operation_id]
        add_help(self.params, found.arguments)
        page = "The response is one page of a list; --all fetches all pages."
        paragraphs = [
            f"{self._entry.summary}.",
            *([page] if is_list(self.kind) else []),
            *found.details,
            f"{self._entry.method} {self._entry.path}",
            *found.notes,
        ]
        self.help = "\n\n".join(map(_paragraph, paragraphs))

    def _perform(self, settings: Settings, /, **values: object) -> int:
        # The client loads with the first call, so that help and completion are quick.
        from hipkit.cli.call import perform

        with ExitStack() as stack:
            operation = build(self.kind, values, stack)
            if values["cli_dry_run"]:
                return perform.perform_dry(settings, operation)
            if values["cli_raw"]:
                return perform.perform_raw(settings, operation)
            if values.get("cli_all"):
                return perform.perform_all(settings, operation)
            return perform.perform(settings, operation)


class Operations(LazyGroup):
    """The operations, by tag."""

    def rows(self) -> Iterable[tuple[str, str, str]]:
        """Return the operations under the headings of their tags."""
        return [(entry.tag, command_name(entry), entry.summary) for entry in OPERATIONS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Build the command of an operation."""
        entry = find_entry(cmd_name)
        return None if entry is None else OperationCommand(entry)

    def unknown_command(self, ctx: click.Context, name: str) -> str:
        """Return the error for a name that no operation has."""
        return unknown_operation(name)


@click.group(cls=Operations, invoke_without_command=True, no_args_is_help=True)
@click.option("--list", "wants_list", is_flag=True, help="List all operations.")
@click.pass_context
def call(context: click.Context, *, wants_list: bool) -> None:
    """Call any API operation.

    Values in the operation's path are arguments, all others are options:

    \b
      hipkit call get-room "Dev Ops" --expand owner
    """  # noqa: D301 - click reads the character \b itself
    if context.invoked_subcommand is not None:
        if wants_list:
            context.fail("--list cannot be combined with an operation")
        return
    if not wants_list:
        context.fail("missing operation; to see all, run: hipkit call --list")
    _write_list(context.ensure_object(Settings))


def _write_list(settings: Settings) -> None:
    if settings.json:
        write_json(OPERATIONS)
        return
    names = [command_name(entry) for entry in OPERATIONS]
    width = max(map(len, names))
    write(
        "\n".join(
            f"{name:{width}}  {entry.summary}"
            for name, entry in zip(names, OPERATIONS, strict=True)
        )
    )


def _paragraph(text: str) -> str:
    """Return a paragraph of the help; one that holds line ends keeps its lines."""
    if "\n" not in text:
        return text
    # click would fill the lines of a list like running text, were it not for the mark \b.
    lines = (fill(line, 76, subsequent_indent="  ") for line in text.splitlines())
    return "\n".join(["\b", *lines])


def _call_options(kind: type[Operation[object]]) -> list[click.Parameter]:
    return [
        click.Option([f"cli_{name}", flag_of(name)], is_flag=True, help=text)
        for name, text in FLAGS.items()
        if name != "all" or is_list(kind)
    ]
