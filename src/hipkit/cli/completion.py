"""`hipkit completion`: the lines that teach a shell the commands, operations and options."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from hipkit.cli.options import Command
from hipkit.cli.output import write

__all__ = ["completion"]


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion of SHELL: bash, zsh or fish.

    For bash put this into ~/.bashrc: source <(hipkit completion bash)

    For zsh put the same with zsh into ~/.zshrc, behind compinit. For fish write the output to
    ~/.config/fish/completions/hipkit.fish.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    script = kind(context.find_root().command, {}, "hipkit", "_HIPKIT_COMPLETE")
    # The class for bash would start a bash to ask for its version first.
    write(ShellComplete.source(script))
