"""Shell completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  senga completion bash >> ~/.bashrc
    zsh:   senga completion zsh >> ~/.zshrc
    fish:  senga completion fish > ~/.config/fish/completions/senga.fish
    """  # noqa: D301 - \b is click's mark for lines to keep
    from .app import cli

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choice above
    script = kind(cli, {}, "senga", "_SENGA_COMPLETE").source()
    click.echo(script.replace("complete -o nosort", "complete -o default -o nosort"))  # bash: else, names of files
