"""The command as a whole: help with examples everywhere, quick to start, and every word of its document."""

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

import alter
from alter.command import Noun, Verb
from alter.exit_codes import Exit
from alter.main import COMMANDS
from alter.main import alter as top
from alter.param_types import Id
from tests.alter.running import ROOT, environment
from tests.alter.running import alter as run

SYNOPSIS = {
    "keys list": "--status --limit --offset",
    "keys statistics": "--output",
    "keys mint": "--name --scopes --key-type --cidr --rate-limit-rpm --expires-in --expires-at --input",
    "keys show": "--key",
    "keys rotate": "--key --scopes",
    "keys revoke": "--key --force --yes",
    "keys rename": "--key --name",
    "keys deprecate": "--key",
    "keys undeprecate": "--key",
    "keys narrow": "--key --scopes --cidr --rate-limit-rpm --expires-at",
    "agents list": "--status --type --provider --search --limit --offset",
    "agents create": "--name --display-name --type --scopes --input",
    "agents show": "--agent",
    "agents list-keys": "--agent",
    "agents mint-key": "--agent",
    "agents audit": "--agent --limit --offset",
    "agents update": "--agent --display-name --metadata",
    "agents revoke": "--agent --yes",
    "agents revoke-key": "--agent --key --force --yes",
    "agents deprecate-key": "--agent --key",
    "agents undeprecate-key": "--agent --key",
    "agents registry-list": "--limit --offset",
    "agents registry-show": "--agent",
    "agents suspend": "--agent",
    "agents resume": "--agent",
    "apps list": "--include-archived --no-include-stats",
    "apps create": "--name --description --website-url",
    "apps show": "",
    "apps update": "--name --description --website-url",
    "apps archive": "",
    "apps unarchive": "",
    "apps delete": "--confirm",
    "members list": "--output",
    "members invite": "--email --role",
    "members invitations": "",
    "members cancel": "--invitation",
    "members role": "--member --role",
    "members remove": "--member --revoke-key --hand-to --force --yes",
    "audit list": "--since --start --end --action --policy-decision",
    "audit show": "",
    "audit explain": "",
    "audit portal-actions": "--start --end --principal-kind --resource-type",
    "audit traces": "--start --end --actor",
    "audit threads": "--start --end --app --actor",
    "audit thread": "",
    "audit agents": "",
    "audit agent": "--principal-kind --additional-key-ids",
    "audit export": "--format",
    "audit pull": "--after --state --follow",
    "auth login": "--scopes --token-file --token-stdin --token",
    "auth logout": "",
    "auth status": "",
    "auth whoami": "",
    "link": "",
    "unlink": "",
    "completion": "",
    "doctor": "",
    "scan": "--offline",
}
"""The commands and options that the command's document names."""


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, by what is typed for it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield " ".join([*above, name]), command


EVERY = dict(commands(top))
SIFTED = ("audit list", "audit export")
DOCUMENT = (ROOT / "docs/cli.md").read_text()
FILTERS = re.findall(r"^\| `--.*$", DOCUMENT.partition("### Filters")[2].partition("\n#")[0], re.M)


def test_every_command_of_the_documents_is_there() -> None:
    assert set(SYNOPSIS) <= set(EVERY)


@pytest.mark.parametrize("words", SYNOPSIS)
def test_every_option_of_the_documents_is_there(words: str) -> None:
    options = {name for param in EVERY[words].params for name in param.opts}
    assert set(SYNOPSIS[words].split()) <= options


@pytest.mark.parametrize("words", EVERY)
def test_every_command_has_help_with_examples_of_itself(words: str) -> None:
    result = run(*words.split(), "--help")
    examples = result.out.partition("Examples:")[2]
    own = words if words != "auth whoami" else "auth status"
    assert (result.code, result.err, f"alter {own}" in examples) == (0, "", True)


@pytest.mark.parametrize("words", EVERY)
def test_every_option_says_what_it_is(words: str) -> None:
    options = [param for param in EVERY[words].params if isinstance(param, click.Option)]
    assert [option.name for option in options if not option.help and option.name != "format"] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_for_a_command_in_the_tops_help_is_there(name: str) -> None:
    assert f"  {name} " in run("--help").out


def test_help_fits_80_columns_but_for_examples() -> None:
    pages = [run(*words.split(), "--help").out.partition("Examples:")[0] for words in EVERY]
    assert [line for page in pages for line in page.splitlines() if len(line) > 80] == []


def test_defaults_are_the_documents() -> None:
    defaults = {param.name: param.default for param in EVERY["keys list"].params}
    assert (defaults["limit"], defaults["offset"]) == (200, 0)


def test_the_version_is_told() -> None:
    assert run("--version").out == f"alter {alter.__version__}\n"


def test_what_is_slow_to_load_is_loaded_when_it_is_needed() -> None:
    script = "import sys, alter.main, alter.keys, alter.audit, alter.auth; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, check=True)
    assert {"httpx2", "rich", "django", "http.server"}.isdisjoint(done.stdout.decode().split())


def test_a_mistake_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("oh")

    monkeypatch.setattr(Id, "convert", broken)
    result = run("keys", "show", "--key", "x")
    assert (result.code, result.error) == (1, "error: ValueError: oh")


def test_a_reader_that_goes_away_is_no_mistake() -> None:
    script = f"{sys.executable} -m alter keys mint --help | true"
    done = subprocess.run(["sh", "-c", script], env=environment(), capture_output=True, check=False)
    assert done.stderr == b""


def test_commands_share_their_classes() -> None:
    assert all(isinstance(command, Verb) for command in EVERY.values())
    assert issubclass(Noun, click.Group)


@pytest.mark.parametrize("words", EVERY)
def test_the_document_names_every_command_and_option(words: str) -> None:
    row = re.search(rf"^\| `{words}[` ].*$", DOCUMENT, re.M)
    assert row, f"docs/cli.md has no row for {words}"
    shared = {param.opts[0] for param in EVERY["unlink"].params}
    matches = re.findall(r"`(--[a-z-]+)", "\n".join([row[0], *FILTERS] if words in SIFTED else [row[0]]))
    own = {param.opts[0] for param in EVERY[words].params if isinstance(param, click.Option)}
    assert own - shared == set(matches) - shared


def test_the_document_has_the_exit_codes() -> None:
    matches = re.findall(r"^\| (\d+) \| ([A-Z_]*) \|", DOCUMENT, re.M)
    assert matches == [(str(code.value), code.name) for code in Exit]
