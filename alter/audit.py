"""`alter audit`: search, export and verify the audit log of an app."""

import textwrap
from collections.abc import Iterator
from itertools import chain
from typing import Any

import click

from alter.audit_export import export, pull
from alter.audit_filters import (
    ACTOR_KIND,
    Ids,
    filter_options,
    limit_options,
    time_range_options,
    to_filters,
    to_time_range,
)
from alter.columns import CALL_GROUP, CALLER, ENTRY, EXPLAINED
from alter.command import Noun
from alter.exit_codes import Exit, Failure
from alter.integrity import integrity_check
from alter.output import Row, as_json, emit, moment, plain
from alter.param_types import Id
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
WIDTH = 80
RESULTS = {"passed": "ok", "failed": "FAIL", "not reached": "-"}

entry_argument = click.argument("entry", type=Id(), metavar="ID")


@click.group(
    cls=Noun,
    examples="""
    alter audit list --since 24h
    alter audit explain 01a2014c-7d92-72cf-83df-d30ffbfe9814
    """,
)
def audit() -> None:
    """Search, export and verify the audit log: events (changes) and requests made with keys.

    The app is --app, ALTER_APP_ID, or the app that this folder is linked to.
    """


@audit.command(
    "list",
    shows=ENTRY,
    examples="""
    alter audit list --since 24h
    alter audit list --outcome denied --code insufficient_scope
    alter audit list --action key --all --output jsonl
    """,
)
@filter_options
@limit_options
@pass_run
def list_entries(run: Run, limit: int, every: bool, **options: Any) -> None:
    """List events and requests, newest first."""
    run.show_all(run.pull(run.path("audit"), max_rows=None if every else limit, **to_filters(options)))


@audit.command(shows=EXPLAINED, examples=f"alter audit show {ID}")
@entry_argument
@pass_run
def show(run: Run, entry: str) -> None:
    """Show an event or a request."""
    details = run.client.get(run.path("audit", entry))
    run.show(details if run.fields else {name: value for name, value in details.items() if value is not None})


@audit.command(shows=EXPLAINED, examples=f"alter audit explain {ID}")
@entry_argument
@pass_run
def explain(run: Run, entry: str) -> None:
    """Explain why a request was allowed or denied, check by check; of an event, what it changed."""
    details = run.client.get(run.path("audit", entry))
    if run.format("table") != "table":
        run.show(details)
        return
    lines = _explain_request(details) if details["kind"] == "call" else _explain_event(details)
    emit("\n".join(plain(line).rstrip() for line in lines))


@audit.command(
    "portal-actions",
    shows=ENTRY,
    examples="""
    alter audit portal-actions --start 7d
    alter audit portal-actions --principal-kind token --resource-type key
    """,
)
@time_range_options
@click.option(
    "--principal-kind",
    "actor_kind",
    type=ACTOR_KIND,
    help="Only events of this kind of actor.",
)
@click.option(
    "--resource-type",
    "target_kind",
    metavar="KIND",
    help="Only events about this kind of object: key, agent, app.",
)
@limit_options
@pass_run
def portal_actions(
    run: Run, limit: int, every: bool, actor_kind: str | None, target_kind: str | None, **time_range: Any
) -> None:
    """List events (changes), newest first."""
    filters = {"actor_kind": actor_kind, "target_kind": target_kind, **to_time_range(time_range)}
    run.show_all(run.pull(run.path("audit"), max_rows=None if every else limit, kind="event", **filters))


@audit.command(shows=CALL_GROUP, examples="alter audit traces --start 24h")
@time_range_options
@click.option("--actor", metavar="TEXT", help="Only requests of this caller.")
@pass_run
def traces(run: Run, actor: str | None, **time_range: Any) -> None:
    """List requests by trace, most recent first."""
    run.show_all(
        run.client.get(run.path("audit", "traces"), actor=actor, **to_time_range(time_range))["items"]
    )


@audit.command(shows=CALL_GROUP, examples="alter audit threads --start 24h --actor refund-bot")
@time_range_options
@click.option("--actor", metavar="TEXT", help="Only requests of this caller.")
@pass_run
def threads(run: Run, actor: str | None, **time_range: Any) -> None:
    """List requests by thread, most recent first."""
    run.show_all(
        run.client.get(run.path("audit", "threads"), actor=actor, **to_time_range(time_range))["items"]
    )


@audit.command(
    shows=ENTRY,
    examples="""
    alter audit thread order-4711
    alter audit thread 0af7651916cd43dd8448eb211c80319c
    """,
)
@click.argument("thread", metavar="ID")
@time_range_options
@limit_options
@pass_run
def thread(run: Run, thread: str, limit: int, every: bool, **time_range: Any) -> None:
    """List the requests of a thread or a trace, newest first."""
    filters = {"kind": "call", **to_time_range(time_range)}
    for name in ("thread_id", "trace"):
        rows = run.pull(run.path("audit"), max_rows=None if every else limit, **{name: thread}, **filters)
        if (first := next(rows, None)) is not None:
            run.show_all(chain([first], rows))
            return
    raise Failure(Exit.NOT_FOUND, f"There is no thread or trace {thread}.", "alter audit threads")


@audit.command(shows=CALLER, examples="alter audit agents")
@pass_run
def agents(run: Run) -> None:
    """List callers: names that programs send with their requests."""
    run.show_all(run.pull(run.path("callers")))


@audit.command(
    shows=ENTRY,
    examples=f"""
    alter audit agent {ID}
    alter audit agent {ID} --principal-kind key --additional-key-ids {ID}
    """,
)
@click.argument("actor", type=Id(), metavar="ID")
@click.option(
    "--principal-kind",
    type=click.Choice(["actor", "agent", "key"], case_sensitive=False),
    default="actor",
    show_default=True,
    help="What the id stands for: a caller (actor), an agent or a key.",
)
@click.option("--additional-key-ids", type=Ids(), help="Also list entries of these keys.")
@limit_options
@pass_run
def agent(
    run: Run, actor: str, principal_kind: str, additional_key_ids: list[str] | None, limit: int, every: bool
) -> None:
    """List events and requests of a caller, an agent or a key, newest first."""
    max_rows, path = None if every else limit, run.path("audit")
    own: dict[str, Any] = {"agent": {"agent": actor}, "key": {"key_id": actor}}.get(principal_kind, {})
    if principal_kind == "actor":
        own = {"caller": run.client.get(run.path("callers", actor))["label"]}
    searches = [own, *({"key_id": key} for key in additional_key_ids or ())]
    if len(searches) == 1:
        run.show_all(run.pull(path, max_rows=max_rows, **own))
        return
    rows = {row["id"]: row for filters in searches for row in run.pull(path, max_rows=max_rows, **filters)}
    newest = sorted(rows.values(), key=lambda row: (row["at"], row["id"]), reverse=True)
    run.show_all(newest[:max_rows])


audit.add_command(export)
audit.add_command(integrity_check)
audit.add_command(pull)


def _explain_request(call: Row) -> Iterator[str]:
    yield f"{call['method']} {call['path']}"
    yield f"at {moment(call['at'])} UTC from {call['ip'] or 'an unknown IP address'}"
    yield f"with {call['key_prefix'] or 'no key'} {call['key_name']}"
    yield ""
    checks = call["checks"] or ()
    for check in checks:
        yield from _check(check, call["detail"])
    if any(check["result"] == "not reached" for check in checks):
        yield f"{'-':<4}  not reached: the first failed check decides"
    yield ""
    yield f"{call['status']} {call['code'] or 'allowed'}. {call['detail']}"
    if call["fix"]:
        yield ""
        yield from textwrap.wrap(call["fix"], WIDTH)


def _check(check: Row, detail: str) -> list[str]:
    """A check in lines of 80 columns; a failed one with its `detail`."""
    text = detail if check["result"] == "failed" and detail else check["description"]
    start = f"{RESULTS.get(check['result'], check['result']):<4}  {check['label']:<17}  "
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


def _explain_event(event: Row) -> Iterator[str]:
    yield f"{event['actor_label']}: {event['action']} {event['target_kind']} {event['target_label']}"
    yield f"at {moment(event['at'])} UTC from {event['ip'] or 'an unknown IP address'}, via {event['via']}"
    if event["reason"]:
        yield f"reason: {event['reason']}"
    for name, (before, after) in event["changes"].items():
        yield f"{name}: {as_json(before)} -> {as_json(after)}"
