"""`alter completion`: what a shell loads, and what it is offered."""

import subprocess

import pytest

from tests.alter.running import alter, process


@pytest.mark.parametrize(
    ("shell", "word"),
    [("bash", "complete -o nosort"), ("zsh", "#compdef alter"), ("fish", "complete --no-files")],
)
def test_each_shell_gets_its_own(shell: str, word: str) -> None:
    run = alter("completion", shell)
    assert (run.code, word in run.out, "_ALTER_COMPLETE" in run.out) == (0, True, True)


def test_bash_can_load_it() -> None:
    script = alter("completion", "bash").out
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("alter ke", "keys"),
        ("alter keys mi", "mint"),
        ("alter keys mint --sco", "--scopes"),
        ("alter keys mint --scopes grants:read,keys:d", "grants:read,keys:derive"),
    ],
)
def test_what_is_begun_is_completed(typed: str, offered: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    run = process(_ALTER_COMPLETE="bash_complete", **words)
    assert (run.code, f"plain,{offered}" in run.out.splitlines()) == (0, True)
