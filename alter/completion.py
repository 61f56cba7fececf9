"""`alter completion`: shell completion scripts."""

import click

from alter.command import Verb
from alter.output import emit


@click.command(
    cls=Verb,
    examples="""
    eval "$(alter completion bash)"                                   # in ~/.bashrc
    eval "$(alter completion zsh)"                                    # in ~/.zshrc
    alter completion fish > ~/.config/fish/completions/alter.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    from alter.main import alter

    kind = get_completion_class(shell) or ShellComplete
    # Not kind.source(): bash's would start bash to ask for its version.
    emit(ShellComplete.source(kind(alter, {}, "alter", "_ALTER_COMPLETE")))
