"""`alter agents`: manage agents and their keys."""

from typing import Any

import click

from alter import undo_commands
from alter.columns import AGENT, AGENT_CREATED, CALLER, ENTRY, KEY, MINTED
from alter.command import Noun, paged, require_any
from alter.exit_codes import Exit, Failure, usage
from alter.key_options import (
    force_option,
    given,
    key_option,
    mint_options,
    new_key,
    reason_option,
    yes_option,
)
from alter.keys import revoke_key
from alter.param_types import AgentScopes, Body, Id, JsonObject, OneOf, read_body
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
agent_option = click.option("--agent", type=Id(), required=True, metavar="ID", help="The agent id.")


@click.group(
    cls=Noun,
    examples=f"""
    alter agents create --name refund-agent
    alter agents mint-key --agent {ID}
    """,
)
def agents() -> None:
    """Manage agents and their keys. Agents act on behalf of an app.

    The app is --app, ALTER_APP_ID, or the app that this folder is linked to.
    """


@agents.command(
    "list",
    shows=AGENT,
    examples="""
    alter agents list --status active,inactive,revoked
    alter agents list --provider github --search refund
    """,
)
@click.option(
    "--status",
    type=OneOf("active", "inactive", "revoked"),
    default="active,inactive",
    show_default=True,
    help="Only these states.",
)
@click.option(
    "--type", "kind", type=click.Choice(["agent", "service"], case_sensitive=False), help="Only this type."
)
@click.option("--provider", metavar="NAME", help="Only agents with scopes at this provider.")
@click.option("--search", metavar="TEXT", help="Part of the name or display name.")
@paged(50)
@pass_run
def list_agents(run: Run, status: list[str], kind: str | None, every: bool, **options: Any) -> None:
    """List the app's agents, newest first."""
    run.show_page(run.path("agents"), every=every, status=",".join(status), type=kind, **options)


@agents.command(
    shows=AGENT_CREATED,
    examples="""
    alter agents create --name refund-agent
    alter agents create --name triage --display-name "Issue triage" --scopes github:issues,slack:chat.write
    alter agents create --input @agent.json
    """,
)
@click.option("--name", metavar="NAME", help="The agent's name. Cannot be changed later. Required.")
@click.option("--display-name", metavar="TEXT", help="The name shown in the portal.")
@click.option("--type", type=click.Choice(["agent", "service"]), help="A label. Default: agent.")
@click.option("--scopes", type=AgentScopes(), help="Provider scopes: github:issues, or JSON, or @path.")
@click.option("--policy", type=JsonObject(), help="A JSON object, or @path.")
@click.option("--metadata", type=JsonObject(), help="A JSON object, or @path.")
@click.option(
    "--input",
    "body",
    type=Body(),
    help="A JSON body: @path, or - for standard input. Replaces the options above.",
)
@click.option(
    "--idempotency-key", metavar="TEXT", help="A unique value, so that retries create only one agent."
)
@pass_run
def create(run: Run, body: str | None, idempotency_key: str | None, **options: Any) -> None:
    """Create an agent and its first key. The key is printed once."""
    options = given(**options)
    if body is not None and options:
        raise usage(
            f"--input and --{next(iter(options)).replace('_', '-')} cannot be combined.",
            "Put everything into the body.",
        )
    if body is None and "name" not in options:
        raise usage("--name is missing.", "Use --name or --input.")
    request = read_body(body) if body else options
    path = run.path("agents")
    run.reveal(
        lambda: run.client.make(path, request, idempotency_key),
        lambda created: undo_commands.revoke_agent(run.app_id, created),
    )


@agents.command(shows=AGENT, examples=f"alter agents show --agent {ID}")
@agent_option
@pass_run
def show(run: Run, agent: str) -> None:
    """Show an agent."""
    run.show(run.client.get(run.path("agents", agent)))


@agents.command(
    shows=AGENT,
    examples=f"""
    alter agents update --agent {ID} --display-name "Refunds, Europe"
    alter agents update --agent {ID} --scopes github:issues --grace-seconds 3600
    """,
)
@agent_option
@click.option("--display-name", metavar="TEXT", help="The name shown in the portal.")
@click.option("--metadata", type=JsonObject(), help="A JSON object, or @path. Replaces the current value.")
@click.option("--scopes", type=AgentScopes(), help="Provider scopes. Replaces the current value.")
@click.option("--policy", type=JsonObject(), help="A JSON object, or @path. Replaces the current value.")
@click.option(
    "--expected-version", type=click.IntRange(min=1), help="Update only if the agent still has this version."
)
@click.option(
    "--grace-seconds",
    type=click.IntRange(0, 604_800),
    help="When removed scopes end, in seconds. Default: one day.",
)
@pass_run
def update(
    run: Run, agent: str, expected_version: int | None, grace_seconds: int | None, **options: Any
) -> None:
    """Update an agent."""
    query = {"expected_version": expected_version, "grace_seconds": grace_seconds}
    run.show(run.client.patch(run.path("agents", agent), require_any(**options), **query))


@agents.command(shows=AGENT, examples=f'alter agents suspend --agent {ID} --reason "misbehaves"')
@agent_option
@reason_option
@pass_run
def suspend(run: Run, agent: str, reason: str | None) -> None:
    """Suspend an agent. All requests with its keys are denied until it is resumed."""
    run.show(run.client.post(run.path("agents", agent, "suspend"), given(reason=reason)))


@agents.command(shows=AGENT, examples=f"alter agents resume --agent {ID}")
@agent_option
@reason_option
@pass_run
def resume(run: Run, agent: str, reason: str | None) -> None:
    """Resume a suspended agent."""
    run.show(run.client.post(run.path("agents", agent, "resume"), given(reason=reason)))


@agents.command(shows=AGENT, examples=f"alter agents revoke --agent {ID} --yes")
@agent_option
@yes_option
@reason_option
@pass_run
def revoke(run: Run, agent: str, yes: bool, reason: str | None) -> None:
    """Revoke an agent and all its keys."""
    if not yes:
        run.need_terminal("Use --yes to confirm.")
        details = run.client.get(run.path("agents", agent))
        run.ask(
            f"Revoke {details['name']} and its {details['keys_active']} active keys? This cannot be undone."
        )
    run.show(run.client.post(run.path("agents", agent, "revoke"), given(reason=reason)))


@agents.command("list-keys", shows=KEY, examples=f"alter agents list-keys --agent {ID}")
@agent_option
@paged(200)
@pass_run
def list_keys(run: Run, agent: str, **part: Any) -> None:
    """List the keys of an agent, newest first."""
    run.show_page(run.path("agents", agent, "keys"), **part)


@agents.command(
    "mint-key",
    shows=MINTED,
    examples=f"""
    alter agents mint-key --agent {ID}
    alter agents mint-key --agent {ID} --name nightly --scopes grants:read --expires-in 12h
    """,
)
@agent_option
@mint_options
@click.option("--idempotency-key", metavar="TEXT", help="A unique value, so that retries mint only one key.")
@pass_run
def mint_key(run: Run, agent: str, idempotency_key: str | None, **options: Any) -> None:
    """Mint a key for an agent. The key is printed once.

    Without options the key gets a number as its name and the default scopes of agents.
    """
    path, body = run.path("agents", agent, "keys"), new_key(options, required=())
    run.reveal(
        lambda: run.client.make(path, body, idempotency_key),
        lambda key: undo_commands.revoke_key(run.app_id, key),
    )


@agents.command("deprecate-key", shows=KEY, examples=f"alter agents deprecate-key --agent {ID} --key {ID}")
@agent_option
@key_option
@reason_option
@pass_run
def deprecate_key(run: Run, agent: str, key: str, reason: str | None) -> None:
    """Deprecate a key of an agent. It keeps working, and every response says that it is deprecated."""
    _check_agent_key(run, agent, key)
    run.show(run.client.post(run.path("keys", key, "deprecate"), given(reason=reason)))


@agents.command(
    "undeprecate-key", shows=KEY, examples=f"alter agents undeprecate-key --agent {ID} --key {ID}"
)
@agent_option
@key_option
@reason_option
@pass_run
def undeprecate_key(run: Run, agent: str, key: str, reason: str | None) -> None:
    """Undo a deprecation."""
    _check_agent_key(run, agent, key)
    run.show(run.client.post(run.path("keys", key, "undeprecate"), given(reason=reason)))


@agents.command("revoke-key", shows=KEY, examples=f"alter agents revoke-key --agent {ID} --key {ID} --yes")
@agent_option
@key_option
@force_option
@yes_option
@reason_option
@pass_run
def revoke_agent_key(run: Run, agent: str, key: str, force: bool, yes: bool, reason: str | None) -> None:
    """Revoke a key of an agent immediately, and all keys derived from it."""
    _check_agent_key(run, agent, key)
    revoke_key(run, key, force=force, yes=yes, reason=reason)


@agents.command(
    shows=ENTRY,
    examples=f"""
    alter agents audit --agent {ID} --limit 20
    alter agents audit --agent {ID} --output jsonl
    """,
)
@agent_option
@paged(100)
@pass_run
def audit(run: Run, agent: str, limit: int, offset: int, every: bool) -> None:
    """List events and requests of an agent, newest first."""
    count = None if every else offset + limit
    entries = run.pull(run.path("audit"), max_rows=count, agent=agent)
    run.show_all(entry for number, entry in enumerate(entries) if number >= offset)


@agents.command("registry-list", shows=CALLER, examples="alter agents registry-list")
@paged(50)
@pass_run
def registry_list(run: Run, limit: int, offset: int, every: bool) -> None:
    """List callers: names that programs send with their requests."""
    run.show_page(run.path("callers"), limit=limit, offset=offset, every=every)


@agents.command("registry-show", shows=CALLER, examples=f"alter agents registry-show --agent {ID}")
@click.option("--agent", "caller", type=Id(), required=True, metavar="ID", help="The caller id.")
@pass_run
def registry_show(run: Run, caller: str) -> None:
    """Show a caller."""
    run.show(run.client.get(run.path("callers", caller)))


def _check_agent_key(run: Run, agent: str, key: str) -> None:
    """Raises Failure for a key that is not the agent's."""
    if run.client.get(run.path("keys", key))["agent_id"] != agent:
        raise Failure(
            Exit.NOT_FOUND, f"This agent has no key {key}.", f"alter agents list-keys --agent {agent}"
        )
