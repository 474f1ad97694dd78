"""`hipkit completion`: print a shell completion script."""

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
    """Print a shell completion script.

    \b
    bash: add this line to ~/.bashrc
      source <(hipkit completion bash)

    \b
    zsh: add this line to ~/.zshrc, after compinit
      source <(hipkit completion zsh)

    \b
    fish: run this command once
      hipkit completion fish > ~/.config/fish/completions/hipkit.fish
    """  # noqa: D301 - click reads the character \b itself
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"completion for {shell} is not supported")
    script = kind(context.find_root().command, {}, "hipkit", "_HIPKIT_COMPLETE")
    # The method of bash's class would start a bash first, to check its version.
    write(ShellComplete.source(script))
