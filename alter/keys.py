"""`alter keys`: manage the API keys of an app."""

from typing import Any

import click

from alter import output, undo_commands
from alter.columns import KEY, KEY_CALLER, MINTED, STATISTICS
from alter.command import Noun, paged, require_any
from alter.exit_codes import Exit, Failure, usage
from alter.key_options import (
    force_option,
    given,
    key_option,
    mint_options,
    new_key,
    reason_option,
    to_body,
    yes_option,
)
from alter.param_types import Duration, Id, Moment, Ranges, Scopes
from alter.run import Run, pass_run


@click.group(
    cls=Noun,
    examples="""
    alter keys list --status active
    alter keys mint --name worker --scopes grants:read,agents:read --expires-in 90d
    """,
)
def keys() -> None:
    """Mint, rotate, revoke and rename API keys.

    The app is --app, ALTER_APP_ID, or the app that this folder is linked to.
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
    help="Only active or revoked keys. Default: all.",
)
@click.option(
    "--kind",
    type=click.Choice(["app", "agent", "derived"], case_sensitive=False),
    help="Only keys of this kind.",
)
@click.option("--agent", type=Id(), metavar="ID", help="Only keys of this agent.")
@paged(200)
@pass_run
def list_keys(run: Run, **options: Any) -> None:
    """List the app's keys, newest first."""
    run.show_page(run.path("keys"), **options)


@keys.command(
    shows=STATISTICS,
    examples="""
    alter keys statistics
    alter keys statistics --output table
    """,
)
@pass_run
def statistics(run: Run) -> None:
    """Show the numbers of the app's keys, and the maximum."""
    run.show(run.client.get(run.path("keys", "statistics")))


@keys.command(
    shows=MINTED,
    examples="""
    alter keys mint --name prod-worker --scopes grants:read,agents:read --expires-in 90d
    alter keys mint --name ci-deploy --scopes grants:read --expires-in 1h --fields api_key
    alter keys mint --name office --scopes grants:read --cidr 203.0.113.0/24
    alter keys mint --input @key.json
    """,
)
@mint_options
@click.option("--key-type", type=click.Choice(["runtime", "agent"]), help="Default: runtime.")
@click.option(
    "--agent", type=Id(), metavar="ID", help="The agent that will use the key. Implies --key-type agent."
)
@click.option("--idempotency-key", metavar="TEXT", help="A unique value, so that retries mint only one key.")
@pass_run
def mint(
    run: Run, idempotency_key: str | None, key_type: str | None, agent: str | None, **options: Any
) -> None:
    """Mint a key. The key is printed once.

    --name and --scopes are required, unless --input is given.
    """
    if agent and key_type == "runtime":
        raise usage(
            "--agent and --key-type runtime cannot be combined.",
            "Use --key-type agent for a key of an agent.",
        )
    body = new_key(options, key_type=key_type or ("agent" if agent else None), agent_id=agent)
    path = run.path("keys")
    run.reveal(
        lambda: run.client.make(path, body, idempotency_key),
        lambda key: undo_commands.revoke_key(run.app_id, key),
    )


@keys.command(shows=KEY, examples="alter keys show --key 01a2014c-7d92-72cf-83df-d30ffbfe9814")
@key_option
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
@key_option
@click.option(
    "--since", type=Moment(ago=True), help="From when: a time, or a duration before now. Default: 30d."
)
@pass_run
def callers(run: Run, key: str, since: str | None) -> None:
    """List the clients that use a key, most recent first.

    Based on its latest 10,000 requests.
    """
    summary = run.client.get(run.path("keys", key, "callers"), since=since)
    run.show_all(summary["items"])
    if summary["capped_at"]:
        start = output.moment(summary["capped_at"])
        output.say(f"Latest {summary['calls']:,} requests, since {start} UTC.")


@keys.command(
    shows=MINTED,
    examples="""
    alter keys rotate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814
    alter keys rotate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --grace 24h
    """,
)
@key_option
@click.option("--scopes", type=Scopes(), help="Scopes of the new key. Default: the same.")
@click.option(
    "--grace",
    type=Duration(least=0, most=30 * 86_400),
    help="How long the old key stays active. Default: 7d.",
)
@click.option("--idempotency-key", metavar="TEXT", help="A unique value, so that retries rotate only once.")
@reason_option
@pass_run
def rotate(
    run: Run,
    key: str,
    scopes: list[str] | None,
    grace: str | None,
    idempotency_key: str | None,
    reason: str | None,
) -> None:
    """Rotate a key. The new key is printed once.

    The old key stays active until its grace period ends or it is revoked.
    """
    body = given(scopes=scopes, grace=grace, reason=reason)
    path = run.path("keys", key, "rotate")
    created = run.reveal(
        lambda: run.client.make(path, body, idempotency_key),
        lambda made: undo_commands.revoke_key(run.app_id, made),
    )
    # A derived key is rotated in place: there is no old key to revoke.
    if created["id"] != key and not (grace and grace.startswith("0")):
        output.say(
            f"The old key stays active for {grace or '7d'}. To revoke it earlier: alter keys revoke --key {key}"
        )


@keys.command(examples="alter keys revoke --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --yes", shows=KEY)
@key_option
@force_option
@yes_option
@reason_option
@pass_run
def revoke(run: Run, key: str, force: bool, yes: bool, reason: str | None) -> None:
    """Revoke a key immediately, and all keys derived from it."""
    revoke_key(run, key, force=force, yes=yes, reason=reason)


@keys.command(
    shows=KEY,
    examples='alter keys rename --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --name "prod-worker-east"',
)
@key_option
@click.option("--name", required=True, metavar="TEXT", help="The new name.")
@pass_run
def rename(run: Run, key: str, name: str) -> None:
    """Rename a key. Its secret stays the same."""
    run.show(run.client.patch(run.path("keys", key), {"name": name}))


@keys.command(shows=KEY, examples="alter keys deprecate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814")
@key_option
@reason_option
@pass_run
def deprecate(run: Run, key: str, reason: str | None) -> None:
    """Deprecate a key. It keeps working, and every response says that it is deprecated."""
    run.show(run.client.post(run.path("keys", key, "deprecate"), given(reason=reason)))


@keys.command(shows=KEY, examples="alter keys undeprecate --key 01a2014c-7d92-72cf-83df-d30ffbfe9814")
@key_option
@reason_option
@pass_run
def undeprecate(run: Run, key: str, reason: str | None) -> None:
    """Undo a deprecation. During a grace period this cancels the rotation."""
    run.show(run.client.post(run.path("keys", key, "undeprecate"), given(reason=reason)))


@keys.command(
    shows=KEY,
    examples="""
    alter keys narrow --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --scopes grants:read
    alter keys narrow --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --cidr 203.0.113.0/24 --rate-limit-rpm 60
    """,
)
@key_option
@click.option("--scopes", type=Scopes(), help="Scopes to keep.")
@click.option("--cidr", type=Ranges(), help="IP ranges to keep.")
@click.option(
    "--rate-limit-rpm", type=click.IntRange(1, 100_000), help="A lower rate limit, in requests per minute."
)
@click.option("--expires-at", type=Moment(), help="An earlier expiry.")
@reason_option
@pass_run
def narrow(run: Run, key: str, reason: str | None, **limits: Any) -> None:
    """Remove permissions from a key. Applies immediately, including derived keys."""
    run.show(
        run.client.post(
            run.path("keys", key, "narrow"), to_body(require_any(**limits)) | given(reason=reason)
        )
    )


@keys.command(
    shows=KEY,
    examples="""
    alter keys widen --key 01a2014c-7d92-72cf-83df-d30ffbfe9814 --scopes grants:read,usage:read --reason "Reports."
    """,
)
@key_option
@click.option("--scopes", type=Scopes(), help="All scopes, current ones included.")
@click.option("--cidr", type=Ranges(), help="All IP ranges, current ones included.")
@click.option(
    "--rate-limit-rpm", type=click.IntRange(1, 100_000), help="A higher rate limit, in requests per minute."
)
@click.option("--expires-at", type=Moment(), help="A later expiry.")
@click.option("--reason", required=True, metavar="TEXT", help="The reason, saved to the audit log. Required.")
@pass_run
def widen(run: Run, key: str, reason: str, **limits: Any) -> None:
    """Add permissions to a key. They apply immediately."""
    run.show(
        run.client.post(run.path("keys", key, "widen"), to_body(require_any(**limits)) | {"reason": reason})
    )


def revoke_key(run: Run, key: str, *, force: bool, yes: bool, reason: str | None) -> None:
    """Revoke a key, after a confirmation unless `yes`."""
    if not yes:
        run.need_terminal("Use --yes to confirm.")
        run.ask(f"Revoke {_describe(run, key)}? Clients that use it stop working.")
    body = given(force=force or None, reason=reason)
    run.show(run.client.post(run.path("keys", key, "revoke"), body))


def _describe(run: Run, key: str) -> str:
    """A key's name for a question, or its id without permission to read keys."""
    try:
        details = run.client.get(run.path("keys", key))
    except Failure as failure:
        if failure.exit != Exit.FORBIDDEN:
            raise
        return key
    return f"{details['name']} ({details['key_prefix']}, {details['status']})"
