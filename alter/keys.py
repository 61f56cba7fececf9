"""`alter keys`: the keys of one app."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from alter import output, undo_commands
from alter.columns import KEY, KEY_CALLER, MINTED, STATISTICS
from alter.command import F, Noun, need_one, paged
from alter.exit_codes import Exit, Failure, usage
from alter.param_types import Body, Duration, Id, JsonObject, Moment, Ranges, Scopes, read_body
from alter.run import Run, pass_run

the_key = click.option("--key", type=Id(), required=True, metavar="ID", help="The key's id.")
why = click.option("--reason", metavar="TEXT", help="Why, for the audit log.")
yes = click.option("--yes", is_flag=True, help="Do not ask.")
force = click.option("--force", is_flag=True, help="Even if it is its agent's only active key.")


@click.group(
    cls=Noun,
    examples="""
    alter keys list --status active
    alter keys mint --name worker --scopes grants:read,agents:read --expires-in 90d
    """,
)
def keys() -> None:
    """Mint, rotate, revoke and rename API keys.

    Each command works on one app: --app, ALTER_APP_ID, or the app this folder is linked to.
    """


@keys.command(
    "list",
    shows=KEY,
    examples="""
    alter keys list --status active
    alter keys list --all --output jsonl
    alter keys list --fields id,name,expires_at
    """,
)
@click.option(
    "--status",
    type=click.Choice(["active", "revoked"], case_sensitive=False),
    help="Only these. Otherwise all.",
)
@click.option(
    "--kind",
    type=click.Choice(["app", "agent", "derived"], case_sensitive=False),
    help="Only keys of this kind.",
)
@click.option("--agent", type=Id(), metavar="ID", help="Only keys of this agent.")
@paged(200)
@pass_run
def list_keys(run: Run, **asked: Any) -> None:
    """List the app's keys, newest first."""
    run.show_page(run.path("keys"), **asked)


@keys.command(
    shows=STATISTICS,
    examples="""
    alter keys statistics
    alter keys statistics --output table
    """,
)
@pass_run
def statistics(run: Run) -> None:
    """Count the app's keys, and how many it may have."""
    run.show(run.client.get(run.path("keys", "statistics")))


def minting(act: F) -> F:
    """The options that describe a new key."""
    options = (
        click.option("--name", metavar="TEXT", help="What people call it. Required."),
        click.option("--scopes", type=Scopes(), help="What it may do: grants:read,agents:read. Required."),
        click.option("--cidr", type=Ranges(), help="Where it may be used from. Otherwise anywhere."),
        click.option("--rate-limit-rpm", type=click.IntRange(1, 100_000), help="Calls a minute."),
        click.option("--expires-in", type=Duration(), help="When it ends: 30d, 12h, 5m."),
        click.option(
            "--expires-at",
            type=Moment(),
            help="When it ends: 2027-02-20T14:32:00Z, or with a day: 2027-02-20.",
        ),
        click.option("--metadata", type=JsonObject(), help="Notes of yours, as a JSON object or @path."),
        why,
        click.option("--input", "body", type=Body(), help="A JSON body in place of the options above."),
    )
    for option in reversed(options):
        act = option(act)
    return act


@keys.command(
    shows=MINTED,
    examples="""
    alter keys mint --name prod-worker --scopes grants:read,agents:read --expires-in 90d
    alter keys mint --name ci-deploy --scopes grants:read --expires-in 1h --fields api_key
    alter keys mint --name office --scopes grants:read --cidr 203.0.113.0/24
    alter keys mint --input @key.json
    """,
)
@minting
@click.option("--key-type", type=click.Choice(["runtime", "agent"]), help="runtime unless told otherwise.")
@click.option("--agent", type=Id(), metavar="ID", help="The agent it is for; means --key-type agent.")
@click.option("--idempotency-key", metavar="TEXT", help="Mint once, however often this is run.")
@pass_run
def mint(
    run: Run, idempotency_key: str | None, key_type: str | None, agent: str | None, **asked: Any
) -> None:
    """Mint a key. Its plaintext is printed this once.

    --name and --scopes are required, unless --input holds the whole body.
    """
    if agent and key_type == "runtime":
        raise usage("--agent and --key-type runtime: a runtime key is for no agent.")
    body = new_key(asked, key_type=key_type or ("agent" if agent else None), agent_id=agent)
    path = run.path("keys")
    run.reveal(
        lambda: run.client.make(path, body, idempotency_key),
        lambda key: undo_commands.revoke_key(run.app_id, key),
    )


@keys.command(shows=KEY, examples="alter keys show --key 01a2014c-7d92-72cf-83df-d30ffbfe9814")
@the_key
@pass_run
def show(run: Run, key: str) -> None:
    """Show a key, without its secret."""
    run.show(run.client.get(run.path("keys", key)))


@keys.command(
    shows=KEY_CALLER,
    examples="""
    alter keys callers --key 01a2014c-7d92-72cf-83df-d30ffbfe9814
    alter keys callers --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --since 24h
    """,
)
@the_key
@click.option("--since", type=Moment(ago=True), help="A moment, or how long ago: 24h. Otherwise 30d.")
@pass_run
def callers(run: Run, key: str, since: str | None) -> None:
    """List who calls with a key, whoever called last first.

    Of its newest 10,000 calls; it says so when there were more.
    """
    told = run.client.get(run.path("keys", key, "callers"), since=since)
    run.show_all(told["items"])
    if told["capped_at"]:
        output.say(f"Of the newest {told['calls']:,} calls, since {output.moment(told['capped_at'])} UTC.")


@keys.command(
    shows=MINTED,
    examples="""
    alter keys rotate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814
    alter keys rotate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --grace 24h
    """,
)
@the_key
@click.option("--scopes", type=Scopes(), help="Other scopes for the new key.")
@click.option("--grace", type=Duration(least=0, most=30 * 86_400), help="How long the old key works on; 7d.")
@click.option("--idempotency-key", metavar="TEXT", help="Rotate once, however often this is run.")
@why
@pass_run
def rotate(
    run: Run,
    key: str,
    scopes: list[str] | None,
    grace: str | None,
    idempotency_key: str | None,
    reason: str | None,
) -> None:
    """Give a key a successor. The new plaintext is printed this once.

    The old key works on until its grace period is over, or until it is revoked.
    """
    body = given(scopes=scopes, grace=grace, reason=reason)
    path = run.path("keys", key, "rotate")
    told = run.reveal(
        lambda: run.client.make(path, body, idempotency_key),
        lambda made: undo_commands.revoke_key(run.app_id, made),
    )
    # A derived key is rotated in place: there is no old one to revoke.
    if told["id"] != key and not (grace and grace.startswith("0")):
        output.say(
            f"The old key works on for {grace or '7d'}. When nothing needs it: alter keys revoke --key {key}"
        )


@keys.command(examples="alter keys revoke --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --yes", shows=KEY)
@the_key
@force
@yes
@why
@pass_run
def revoke(run: Run, key: str, force: bool, yes: bool, reason: str | None) -> None:
    """End a key at once and for ever, and every key derived from it."""
    revoke_key(run, key, force=force, yes=yes, reason=reason)


@keys.command(
    shows=KEY,
    examples='alter keys rename --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --name "prod-worker-east"',
)
@the_key
@click.option("--name", required=True, metavar="TEXT", help="The new name.")
@pass_run
def rename(run: Run, key: str, name: str) -> None:
    """Change what people call a key. Its secret stays."""
    run.show(run.client.patch(run.path("keys", key), {"name": name}))


@keys.command(shows=KEY, examples="alter keys deprecate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814")
@the_key
@why
@pass_run
def deprecate(run: Run, key: str, reason: str | None) -> None:
    """Tell whoever uses a key to stop. It works on."""
    run.show(run.client.post(run.path("keys", key, "deprecate"), given(reason=reason)))


@keys.command(shows=KEY, examples="alter keys undeprecate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814")
@the_key
@why
@pass_run
def undeprecate(run: Run, key: str, reason: str | None) -> None:
    """Take a deprecation back; of a rotated key, the end of its grace period too."""
    run.show(run.client.post(run.path("keys", key, "undeprecate"), given(reason=reason)))


@keys.command(
    shows=KEY,
    examples="""
    alter keys narrow --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --scopes grants:read
    alter keys narrow --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --cidr 203.0.113.0/24 --rate-limit-rpm 60
    """,
)
@the_key
@click.option("--scopes", type=Scopes(), help="Fewer scopes.")
@click.option("--cidr", type=Ranges(), help="Fewer addresses.")
@click.option("--rate-limit-rpm", type=click.IntRange(1, 100_000), help="Fewer calls a minute.")
@click.option("--expires-at", type=Moment(), help="An earlier end.")
@why
@pass_run
def narrow(
    run: Run,
    key: str,
    scopes: list[str] | None,
    cidr: list[str] | None,
    rate_limit_rpm: int | None,
    expires_at: str | None,
    reason: str | None,
) -> None:
    """Let a key do less than before. Its secret stays, and so does all that is not named."""
    asked = need_one(scopes=scopes, cidr=cidr, rate_limit_rpm=rate_limit_rpm, expires_at=expires_at)
    if "cidr" in asked:
        asked["cidr_allowlist"] = asked.pop("cidr")
    run.show(run.client.post(run.path("keys", key, "narrow"), asked | given(reason=reason)))


@keys.command(
    shows=KEY,
    examples="""
    alter keys widen --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --scopes grants:read,usage:read --reason "Reports."
    """,
)
@the_key
@click.option("--scopes", type=Scopes(), help="All scopes, those it has included.")
@click.option("--cidr", type=Ranges(), help="All addresses, those it has included.")
@click.option("--rate-limit-rpm", type=click.IntRange(1, 100_000), help="More calls a minute.")
@click.option("--expires-at", type=Moment(), help="A later end.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it may do more, for the log.")
@pass_run
def widen(
    run: Run,
    key: str,
    scopes: list[str] | None,
    cidr: list[str] | None,
    rate_limit_rpm: int | None,
    expires_at: str | None,
    reason: str,
) -> None:
    """Let a key do more than before. Whoever has its secret may do more at once."""
    asked = need_one(scopes=scopes, cidr=cidr, rate_limit_rpm=rate_limit_rpm, expires_at=expires_at)
    if "cidr" in asked:
        asked["cidr_allowlist"] = asked.pop("cidr")
    run.show(run.client.post(run.path("keys", key, "widen"), asked | {"reason": reason}))


def given(**values: Any) -> dict[str, Any]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def new_key(
    asked: Mapping[str, Any], *, needed: Sequence[str] = ("name", "scopes"), **more: Any
) -> dict[str, Any]:
    """The body that mints a key, from `minting` options. Raises Failure."""
    options = given(**{name: value for name, value in asked.items() if name != "body"}, **more)
    if asked["body"] is not None:
        if options:
            name = next(iter(options)).removesuffix("_id").replace("_", "-")
            raise usage(f"--input and --{name} are both given.", "The body says it all.")
        return read_body(asked["body"])
    for name in needed:
        if name not in options:
            raise usage(f"--{name} is missing.", "Give --name and --scopes, or a whole body with --input.")
    if "expires_in" in options and "expires_at" in options:
        raise usage("--expires-in and --expires-at are both given.", "Give one end.")
    if "cidr" in options:
        options["cidr_allowlist"] = options.pop("cidr")
    return options


def revoke_key(run: Run, key: str, *, force: bool, yes: bool, reason: str | None) -> None:
    """Revoke a key, having asked unless `yes`."""
    if not yes:
        run.need_terminal("Give --yes to revoke without a question.")
        run.ask(f"Revoke {_called(run, key)}? Whatever uses it stops working.")
    body = given(force=force or None, reason=reason)
    run.show(run.client.post(run.path("keys", key, "revoke"), body))


def _called(run: Run, key: str) -> str:
    """What to call a key in a question, for those who may read it."""
    try:
        told = run.client.get(run.path("keys", key))
    except Failure as failure:
        if failure.exit != Exit.FORBIDDEN:
            raise
        return key
    return f"{told['name']} ({told['key_prefix']}, {told['status']})"
