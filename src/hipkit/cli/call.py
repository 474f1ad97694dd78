"""`hipkit call`: a subcommand for each operation, built from its class on use."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

import click
from click.formatting import HelpFormatter
from click.shell_completion import CompletionItem

from hipkit.api.catalog import Entry
from hipkit.api.operation import Operation
from hipkit.cli.arguments import build, is_list, parameters
from hipkit.cli.documentation import Documentation, read_documentation
from hipkit.cli.options import Command, Group, Settings
from hipkit.cli.output import write, write_json
from hipkit.v2.catalog import OPERATIONS

__all__ = [
    "UNKNOWN_OPERATION",
    "OperationCommand",
    "call",
    "command_name",
    "find_entry",
]

UNKNOWN_OPERATION = "unknown operation; to see all, run: hipkit call --list"


def command_name(entry: Entry) -> str:
    """Return an operation's name on the command line."""
    return entry.operation_id.replace("_", "-")


def find_entry(name: str) -> Entry | None:
    """Return the operation of this name, written with dashes or underscores."""
    wanted = name.replace("-", "_")
    return next((each for each in OPERATIONS if each.operation_id == wanted), None)


class OperationCommand(Command):
    """The command for one operation."""

    def __init__(self, entry: Entry) -> None:
        kind = entry.load()
        documentation = read_documentation(entry)
        super().__init__(
            command_name(entry),
            params=[*parameters(kind, documentation.arguments), *_call_options(kind)],
            callback=click.pass_obj(self._perform),
            help=_help(entry, documentation),
        )
        self.kind = kind

    def operation(
        self, values: Mapping[str, object], stack: ExitStack
    ) -> Operation[object]:
        """Build the call from parsed values."""
        return build(self.kind, values, stack)

    def _perform(self, settings: Settings, /, **values: object) -> int | None:
        # The client loads with the first call, so that help and completion are quick.
        from hipkit.cli import perform

        with ExitStack() as stack:
            operation = self.operation(values, stack)
            if values["cli_dry_run"]:
                perform.perform_dry(settings, operation)
            elif values["cli_raw"]:
                return perform.perform_raw(settings, operation)
            elif values.get("cli_all"):
                return perform.perform_all(settings, operation)
            else:
                return perform.perform(settings, operation)
        return None


class Operations(Group):
    """The operations; a module is imported only when one of its operations is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all operations."""
        return [command_name(entry) for entry in OPERATIONS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Build the command of an operation."""
        entry = find_entry(cmd_name)
        return None if entry is None else OperationCommand(entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the operation, or fail with a hint at `--list`."""
        if find_entry(args[0]) is None and not ctx.resilient_parsing:
            ctx.fail(UNKNOWN_OPERATION)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        """Write the operations grouped by tag."""
        for tag in dict.fromkeys(entry.tag for entry in OPERATIONS):
            with formatter.section(tag):
                formatter.write_dl(
                    [
                        (command_name(entry), entry.summary)
                        for entry in OPERATIONS
                        if entry.tag == tag
                    ]
                )

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the names without importing any operation."""
        return [
            CompletionItem(command_name(entry), help=entry.summary)
            for entry in OPERATIONS
            if command_name(entry).startswith(incomplete)
        ] + click.Command.shell_complete(self, ctx, incomplete)


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


def _help(entry: Entry, documentation: Documentation) -> str:
    paragraphs = [*documentation.opening, f"{entry.method} {entry.path}"]
    paragraphs += documentation.closing
    # Without this mark lists would be filled like running text.
    return "\n\n".join(
        f"\b\n{each}" if each.startswith("- ") else each for each in paragraphs
    )


def _call_options(kind: type[Operation[object]]) -> list[click.Parameter]:
    every = click.Option(
        ["cli_all", "--all"], is_flag=True, help="Fetch all pages of results."
    )
    raw = click.Option(
        ["cli_raw", "--raw"],
        is_flag=True,
        help="Print the response as received, whatever its status.",
    )
    dry_run = click.Option(
        ["cli_dry_run", "--dry-run"],
        is_flag=True,
        help="Print the request without sending it. Secrets are hidden.",
    )
    return [*([every] if is_list(kind) else []), raw, dry_run]
