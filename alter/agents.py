"""`alter agents`: the programs that act for an app under their own names, and their keys."""

from typing import Any

import click

from alter import undo_commands
from alter.columns import AGENT, AGENT_CREATED, CALLER, ENTRY, KEY, MINTED
from alter.command import Noun, need_one, paged
from alter.exit_codes import Exit, Failure, usage
from alter.keys import force, given, minting, new_key, revoke_key, the_key, why, yes
from alter.param_types import AgentScopes, Body, Id, JsonObject, OneOf, read_body
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
the_agent = click.option("--agent", type=Id(), required=True, metavar="ID", help="The agent's id.")


@click.group(
    cls=Noun,
    examples=f"""
    alter agents create --name refund-agent
    alter agents mint-key --agent {ID}
    """,
)
def agents() -> None:
    """The programs that act for an app, and their keys.

    Each command works on one app: --app, ALTER_APP_ID, or the app this folder is linked to.
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
    help="Of which states.",
)
@click.option(
    "--type", "kind", type=click.Choice(["agent", "service"], case_sensitive=False), help="Only these."
)
@click.option("--provider", metavar="NAME", help="Only those with scopes there.")
@click.option("--search", metavar="TEXT", help="Only those with this in their names.")
@paged(50)
@pass_run
def list_agents(run: Run, status: list[str], kind: str | None, every: bool, **asked: Any) -> None:
    """List the app's agents, newest first."""
    run.show_page(run.path("agents"), every=every, status=",".join(status), type=kind, **asked)


@agents.command(
    shows=AGENT_CREATED,
    examples="""
    alter agents create --name refund-agent
    alter agents create --name triage --display-name "Issue triage" --scopes github:issues,slack:chat.write
    alter agents create --input @agent.json
    """,
)
@click.option("--name", metavar="NAME", help="For ever; programs know it by this. Required.")
@click.option("--display-name", metavar="TEXT", help="What people call it.")
@click.option("--type", type=click.Choice(["agent", "service"]), help="agent unless told otherwise.")
@click.option("--scopes", type=AgentScopes(), help="At providers: github:issues, or JSON, or @path.")
@click.option("--policy", type=JsonObject(), help="A JSON object, or @path.")
@click.option("--metadata", type=JsonObject(), help="A JSON object, or @path.")
@click.option("--input", "body", type=Body(), help="A JSON body in place of the options above.")
@click.option("--idempotency-key", metavar="TEXT", help="Create once, however often this is run.")
@pass_run
def create(run: Run, body: str | None, idempotency_key: str | None, **asked: Any) -> None:
    """Create an agent and its first key, whose plaintext is printed this once."""
    options = given(**asked)
    if body is not None and options:
        raise usage(
            f"--input and --{next(iter(options)).replace('_', '-')} are both given.", "The body says it all."
        )
    if body is None and "name" not in options:
        raise usage("--name is missing.", "Give --name, or a whole body with --input.")
    wanted = read_body(body) if body else options
    path = run.path("agents")
    run.reveal(
        lambda: run.client.make(path, wanted, idempotency_key),
        lambda one: undo_commands.revoke_agent(run.app_id, one),
    )


@agents.command(shows=AGENT, examples=f"alter agents show --agent {ID}")
@the_agent
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
@the_agent
@click.option("--display-name", metavar="TEXT", help="What people call it.")
@click.option("--metadata", type=JsonObject(), help="A JSON object, or @path. Replaces what is there.")
@click.option("--scopes", type=AgentScopes(), help="At providers. Replaces what is there.")
@click.option("--policy", type=JsonObject(), help="A JSON object, or @path. Replaces what is there.")
@click.option("--expected-version", type=click.IntRange(min=1), help="Only if it is still at this version.")
@click.option("--grace-seconds", type=click.IntRange(0, 604_800), help="When scopes taken away go; a day.")
@pass_run
def update(
    run: Run, agent: str, expected_version: int | None, grace_seconds: int | None, **asked: Any
) -> None:
    """Change an agent."""
    query = {"expected_version": expected_version, "grace_seconds": grace_seconds}
    run.show(run.client.patch(run.path("agents", agent), need_one(**asked), **query))


@agents.command(shows=AGENT, examples=f'alter agents suspend --agent {ID} --reason "misbehaves"')
@the_agent
@why
@pass_run
def suspend(run: Run, agent: str, reason: str | None) -> None:
    """Refuse every call of an agent's keys until it is resumed."""
    run.show(run.client.post(run.path("agents", agent, "suspend"), given(reason=reason)))


@agents.command(shows=AGENT, examples=f"alter agents resume --agent {ID}")
@the_agent
@why
@pass_run
def resume(run: Run, agent: str, reason: str | None) -> None:
    """Let a suspended agent's keys work again."""
    run.show(run.client.post(run.path("agents", agent, "resume"), given(reason=reason)))


@agents.command(shows=AGENT, examples=f"alter agents revoke --agent {ID} --yes")
@the_agent
@yes
@why
@pass_run
def revoke(run: Run, agent: str, yes: bool, reason: str | None) -> None:
    """End an agent and its keys, at once and for ever."""
    if not yes:
        run.need_terminal("Give --yes to revoke without a question.")
        told = run.client.get(run.path("agents", agent))
        run.ask(f"Revoke {told['name']} and its {told['keys_active']} active keys, for ever?")
    run.show(run.client.post(run.path("agents", agent, "revoke"), given(reason=reason)))


@agents.command("list-keys", shows=KEY, examples=f"alter agents list-keys --agent {ID}")
@the_agent
@paged(200)
@pass_run
def list_keys(run: Run, agent: str, **part: Any) -> None:
    """List an agent's keys, newest first."""
    run.show_page(run.path("agents", agent, "keys"), **part)


@agents.command(
    "mint-key",
    shows=MINTED,
    examples=f"""
    alter agents mint-key --agent {ID}
    alter agents mint-key --agent {ID} --name nightly --scopes grants:read --expires-in 12h
    """,
)
@the_agent
@minting
@click.option("--idempotency-key", metavar="TEXT", help="Mint once, however often this is run.")
@pass_run
def mint_key(run: Run, agent: str, idempotency_key: str | None, **asked: Any) -> None:
    """Mint a key for an agent. Its plaintext is printed this once.

    Without options it gets what keys of agents usually get.
    """
    path, body = run.path("agents", agent, "keys"), new_key(asked, needed=())
    run.reveal(
        lambda: run.client.make(path, body, idempotency_key),
        lambda key: undo_commands.revoke_key(run.app_id, key),
    )


@agents.command("deprecate-key", shows=KEY, examples=f"alter agents deprecate-key --agent {ID} --key {ID}")
@the_agent
@the_key
@why
@pass_run
def deprecate_key(run: Run, agent: str, key: str, reason: str | None) -> None:
    """Tell whoever uses an agent's key to stop. It works on."""
    _check_holder(run, agent, key)
    run.show(run.client.post(run.path("keys", key, "deprecate"), given(reason=reason)))


@agents.command(
    "undeprecate-key", shows=KEY, examples=f"alter agents undeprecate-key --agent {ID} --key {ID}"
)
@the_agent
@the_key
@why
@pass_run
def undeprecate_key(run: Run, agent: str, key: str, reason: str | None) -> None:
    """Take a deprecation back."""
    _check_holder(run, agent, key)
    run.show(run.client.post(run.path("keys", key, "undeprecate"), given(reason=reason)))


@agents.command("revoke-key", shows=KEY, examples=f"alter agents revoke-key --agent {ID} --key {ID} --yes")
@the_agent
@the_key
@force
@yes
@why
@pass_run
def revoke_agent_key(run: Run, agent: str, key: str, force: bool, yes: bool, reason: str | None) -> None:
    """End a key of an agent at once, and every key derived from it."""
    _check_holder(run, agent, key)
    revoke_key(run, key, force=force, yes=yes, reason=reason)


@agents.command(
    shows=ENTRY,
    examples=f"""
    alter agents audit --agent {ID} --limit 20
    alter agents audit --agent {ID} --output jsonl
    """,
)
@the_agent
@paged(100)
@pass_run
def audit(run: Run, agent: str, limit: int, offset: int, every: bool) -> None:
    """What an agent did and what was done to it, newest first."""
    most = None if every else offset + limit
    entries = run.pull(run.path("audit"), most=most, agent=agent)
    run.show_all(entry for number, entry in enumerate(entries) if number >= offset)


@agents.command("registry-list", shows=CALLER, examples="alter agents registry-list")
@paged(50)
@pass_run
def registry_list(run: Run, limit: int, offset: int, every: bool) -> None:
    """List what programs that use the app's keys call themselves."""
    run.show_page(run.path("callers"), limit=limit, offset=offset, every=every)


@agents.command("registry-show", shows=CALLER, examples=f"alter agents registry-show --agent {ID}")
@click.option("--agent", "caller", type=Id(), required=True, metavar="ID", help="The id of the name.")
@pass_run
def registry_show(run: Run, caller: str) -> None:
    """Show one of those names."""
    run.show(run.client.get(run.path("callers", caller)))


def _check_holder(run: Run, agent: str, key: str) -> None:
    """Refuse a key that is not the agent's. Raises Failure."""
    if run.client.get(run.path("keys", key))["agent_id"] != agent:
        raise Failure(
            Exit.NOT_FOUND, f"This agent has no key {key}.", f"alter agents list-keys --agent {agent}"
        )
