"""The global options, and the classes of commands that take them before or after their names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from click.formatting import HelpFormatter

from hipkit.api.suggestions import did_you_mean

if TYPE_CHECKING:  # Help and completion need no client, and commands no completion.
    from click.shell_completion import CompletionItem

    from hipkit.client.setup import TransportName
    from hipkit.transports.protocol import Transport

__all__ = ["Command", "Group", "LazyGroup", "Settings", "global_options"]

PREFIX = "global_"
"""Keeps the names of these parameters apart from an operation's own arguments."""


class Settings:
    """The values of the global options; the last one on the command line wins."""

    base_url: str | None = None
    token_file: str | None = None
    profile: str | None = None
    json: bool = False
    timeout: float | None = None
    deadline: float | None = None
    """In seconds; 0 for no end."""
    retries: int | None = None
    transport: TransportName | Transport | None = None
    allow_http: bool = False
    ca_file: str | None = None
    verbose: bool = False


class _WithGlobalOptions(click.Command):
    """What commands and groups share."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own arguments, as they are
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])
        self.context_settings.setdefault("show_default", True)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters and the global ones."""
        own = super().get_params(ctx)
        taken = {name for parameter in own for name in _flags(parameter)}
        return own + [
            option for option in global_options() if taken.isdisjoint(_flags(option))
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an unknown option is an error that lists the known ones."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [
                flag
                for parameter in self.get_params(ctx)
                if isinstance(parameter, click.Option) and not parameter.hidden
                for flag in (*parameter.opts, *parameter.secondary_opts)
                if flag.startswith("--")
            ]
            raise click.NoSuchOption(
                error.option_name,
                f"{error.message} Available options: {', '.join(known)}.",
                [each for each in error.possibilities or () if each in known],
                ctx,
            ) from None

    def format_options(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        """Describe the command's own options, and list the global ones by name."""
        rows = [
            record
            for parameter in super().get_params(ctx)
            if isinstance(parameter, click.Option)
            and (record := parameter.get_help_record(ctx)) is not None
        ]
        with formatter.section("Options"):
            formatter.write_dl(rows)
        names = [option.opts[0] for option in global_options() if not option.hidden]
        with formatter.section("Global options (see hipkit --help)"):
            formatter.write_text(" ".join(names))


class Command(_WithGlobalOptions):
    """A command that takes the global options too."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and fail if some are left over."""
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            # They may be part of a private message, so they are counted, not repeated.
            ctx.fail(
                f"{len(rest)} unexpected argument{'s' if len(rest) > 1 else ''}; "
                "quote text that contains spaces"
            )
        return rest


class Group(_WithGlobalOptions, click.Group):
    """A group of commands that takes the global options too."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or fail."""
        command = self.get_command(ctx, args[0])
        if command is None and not ctx.resilient_parsing:
            ctx.fail(self.unknown_command(ctx, args[0]))
        return args[0] if command else None, command, args[1:]

    def unknown_command(self, ctx: click.Context, name: str) -> str:
        """Return the error for a name that no command has.

        The error does not repeat the name, which may be a word of a private message.
        """
        names = self.list_commands(ctx)
        return (
            f"unknown command{did_you_mean(name, names)} "
            f"Available commands: {', '.join(names)}"
        )

    def format_options(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        """Describe the group's own options, and at the top level the global ones too."""
        if ctx.parent is None:
            click.Group.format_options(self, ctx, formatter)
        else:
            super().format_options(ctx, formatter)
            self.format_commands(ctx, formatter)


class LazyGroup(Group, ABC):
    """A group that loads a command only when it is used.

    Its own help and completion take the names and summaries from a table.
    """

    @abstractmethod
    def rows(self) -> Iterable[tuple[str, str, str]]:
        """Return section, name and summary of each command, section after section."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return [name for _, name, _ in self.rows()]

    def format_commands(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        """Write the commands by section."""
        for section, rows in groupby(self.rows(), key=lambda row: row[0]):
            with formatter.section(section):
                formatter.write_dl([(name, summary) for _, name, summary in rows])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the names and the group's own options."""
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(name, help=summary)
            for _, name, summary in self.rows()
            if name.startswith(incomplete)
        ] + click.Command.shell_complete(self, ctx, incomplete)


@cache  # They hold no values, and click asks for them four times for a command.
def global_options() -> tuple[click.Option, ...]:
    """Return the options that every command takes."""
    return (
        _option(
            "--base-url",
            metavar="URL",
            help="API URL, such as https://chat.example.com/v2. Overrides HIPCHAT_BASE_URL.",
        ),
        _option(
            "--token-file",
            type=click.Path(exists=True, dir_okay=False, allow_dash=True),
            metavar="PATH|-",
            help="Read the token from the first line of a file, or of standard input with -. "
            "Overrides HIPCHAT_TOKEN.",
        ),
        _option(
            "--profile",
            metavar="NAME",
            help="Take URL, token and settings from this profile of ~/.config/hipkit/config.toml, "
            "and none of them from the environment.",
        ),
        _option(
            "--json",
            is_flag=True,
            help="Print output and errors as JSON, one document per line.",
        ),
        _option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            default=30,
            help="Give up when the server sends nothing for this long.",
        ),
        _option(
            "--deadline",
            type=click.FloatRange(min=0),
            metavar="SECONDS",
            default=120,
            help="Give up on a call after this long, retries included; 0 for no limit.",
        ),
        _option(
            "--retries",
            type=click.IntRange(min=0),
            metavar="TIMES",
            default=3,
            help="Maximum number of retries, made only where they are safe.",
        ),
        _option(
            "--transport",
            type=click.Choice(["httpcore2", "pycurl"]),
            default="httpcore2",
            help="HTTP library to use.",
        ),
        _option(
            "--allow-http",
            is_flag=True,
            help="Allow unencrypted http to other machines. Others on the network can then read"
            " the token.",
        ),
        _option(
            "--ca-file",
            type=click.Path(exists=True),
            metavar="PATH",
            help="CA certificates (PEM) to trust instead of the system's.",
        ),
        _option("--verbose", is_flag=True, help="Log every request to standard error."),
        _option("--token", hidden=True),
    )


def _option(flag: str, **settings: object) -> click.Option:
    name = PREFIX + flag.removeprefix("--").replace("-", "_")
    return click.Option(
        [name, flag],
        expose_value=False,
        callback=_remember,
        is_eager=True,
        **settings,  # type: ignore[arg-type]  # click's own arguments, as they are
    )


def _remember(
    context: click.Context, parameter: click.Parameter, value: object
) -> None:
    name = parameter.name.removeprefix(PREFIX)
    if context.get_parameter_source(parameter.name) is not ParameterSource.COMMANDLINE:
        return
    if name == "token":
        context.fail(
            "a token on the command line is visible to every user of this machine; "
            "set HIPCHAT_TOKEN or use --token-file"
        )
    setattr(context.ensure_object(Settings), name, value)


def _flags(parameter: click.Parameter) -> set[str]:
    return {*parameter.opts, *parameter.secondary_opts} - {parameter.name}
