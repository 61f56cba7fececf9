"""`alter audit`: who did what, and which calls were let in."""

import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import click

from alter.audit_export import export, pull
from alter.audit_filters import Ids, counted, filters_of, sifting, span_of, spanning
from alter.columns import CALLER, ENTRY, EXPLAINED, GATHERED
from alter.command import Noun
from alter.exit_codes import Exit, Failure
from alter.integrity import integrity_check
from alter.output import Row, as_json, emit, moment, plain
from alter.param_types import Id
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
WIDTH = 80
MAX_LISTED = 200
"""As many threads as the portal lists."""
MARKS = {"passed": "ok", "failed": "FAIL", "not reached": "-"}

the_entry = click.argument("entry", type=Id(), metavar="ID")


@click.group(
    cls=Noun,
    examples="""
    alter audit list --since 24h
    alter audit explain 01a2014c-7d92-72cf-83df-d30ffbfe9814
    """,
)
def audit() -> None:
    """Who did what (events), and which calls were let in (calls).

    Each command reads one app's record: --app, ALTER_APP_ID, or the app this folder is linked to.
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
@sifting
@counted
@pass_run
def list_entries(run: Run, limit: int, every: bool, **asked: Any) -> None:
    """List acts and calls, newest first."""
    run.show_all(run.pull(run.path("audit"), most=None if every else limit, **filters_of(asked)))


@audit.command(shows=EXPLAINED, examples=f"alter audit show {ID}")
@the_entry
@pass_run
def show(run: Run, entry: str) -> None:
    """Show an act or a call, whole."""
    told = run.client.get(run.path("audit", entry))
    run.show(told if run.fields else {name: value for name, value in told.items() if value is not None})


@audit.command(shows=EXPLAINED, examples=f"alter audit explain {ID}")
@the_entry
@pass_run
def explain(run: Run, entry: str) -> None:
    """Tell how the verdict on a call came about, check by check; of an act, what it changed."""
    told = run.client.get(run.path("audit", entry))
    if run.format("table") != "table":
        run.show(told)
        return
    lines = _verdict(told) if told["kind"] == "call" else _act(told)
    emit("\n".join(plain(line).rstrip() for line in lines))


@audit.command(
    "portal-actions",
    shows=ENTRY,
    examples="""
    alter audit portal-actions --start 7d
    alter audit portal-actions --principal-kind token --resource-type key
    """,
)
@spanning
@click.option(
    "--principal-kind",
    type=click.Choice(["person", "token", "key", "shell", "system"], case_sensitive=False),
    help="Acts of this kind of actor.",
)
@click.option("--resource-type", metavar="TYPE", help="Acts on this kind of thing: key, agent, app.")
@counted
@pass_run
def portal_actions(
    run: Run, limit: int, every: bool, principal_kind: str | None, resource_type: str | None, **span: Any
) -> None:
    """List what people and their programs did, newest first."""
    wanted = {"actor_kind": principal_kind, "target_kind": resource_type}
    run.show_all(_those(run, wanted, None if every else limit, kind="event", **span_of(span)))


@audit.command(shows=GATHERED, examples="alter audit traces --start 24h")
@spanning
@click.option("--actor", metavar="TEXT", help="Only calls of a program that calls itself so.")
@pass_run
def traces(run: Run, actor: str | None, **span: Any) -> None:
    """List calls by the trace they are part of, the latest first."""
    run.show_all(run.client.get(run.path("audit", "traces"), actor=actor, **span_of(span))["items"])


@audit.command(shows=GATHERED, examples="alter audit threads --start 24h --actor refund-bot")
@spanning
@click.option("--actor", metavar="TEXT", help="Only calls of a program that calls itself so.")
@pass_run
def threads(run: Run, actor: str | None, **span: Any) -> None:
    """List calls by the thread they say they belong to, the latest first."""
    run.show_all(run.client.get(run.path("audit", "threads"), actor=actor, **span_of(span))["items"])


@audit.command(
    shows=ENTRY,
    examples="""
    alter audit thread order-4711
    alter audit thread 0af7651916cd43dd8448eb211c80319c
    """,
)
@click.argument("thread", metavar="ID")
@counted
@pass_run
def thread(run: Run, thread: str, limit: int, every: bool) -> None:
    """List the calls of one thread or trace, newest first."""
    most = None if every else limit
    known = run.client.get(run.path("audit", "threads"))["items"]
    here = next((one for one in known if one["id"] == thread), None)
    if here is None:
        found = list(run.pull(run.path("audit"), most=most, trace=thread))
        if not found and len(known) >= MAX_LISTED:
            raise Failure(
                Exit.NOT_FOUND,
                f"{thread} is none of the {len(known)} latest threads, and the portal lists no more.",
                "If it is older: alter audit list --kind call --start MOMENT --all, and look at thread_id in context.",
            )
        if not found:
            raise Failure(Exit.NOT_FOUND, f"There is no thread or trace {thread}.", "alter audit threads")
        run.show_all(found)
        return
    bounds = {"since": here["first_at"], "until": _just_after(here["last_at"])}
    calls = run.pull(run.path("audit"), kind="call", **bounds)
    of_it = (call for call in calls if call["context"].get("thread_id") == thread)
    run.show_all(islice(of_it, most))


@audit.command(shows=CALLER, examples="alter audit agents")
@pass_run
def agents(run: Run) -> None:
    """List the programs that made calls, by what they call themselves."""
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
    help="What the id is of: a program's name, an agent, a key.",
)
@click.option("--additional-key-ids", type=Ids(), help="Entries of these keys too.")
@counted
@pass_run
def agent(
    run: Run, actor: str, principal_kind: str, additional_key_ids: list[str] | None, limit: int, every: bool
) -> None:
    """List what one program, agent or key did, newest first."""
    most, path = None if every else limit, run.path("audit")
    of_it: dict[str, Any] = {"agent": {"agent": actor}, "key": {"key_id": actor}}.get(principal_kind, {})
    if principal_kind == "actor":
        of_it = {"caller": run.client.get(run.path("callers", actor))["label"]}
    asked = [of_it, *({"key_id": key} for key in additional_key_ids or ())]
    if len(asked) == 1:
        run.show_all(run.pull(path, most=most, **of_it))
        return
    found = {row["id"]: row for filters in asked for row in run.pull(path, most=most, **filters)}
    newest = sorted(found.values(), key=lambda row: (row["at"], row["id"]), reverse=True)
    run.show_all(newest[:most])


audit.add_command(export)
audit.add_command(integrity_check)
audit.add_command(pull)


def _those(run: Run, wanted: dict[str, str | None], most: int | None, **filters: Any) -> Iterator[Row]:
    """Entries that say all of `wanted`, which the portal does not look for itself."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    rows = run.pull(run.path("audit"), most=None if asked else most, **filters)
    return islice((row for row in rows if all(row[name] == value for name, value in asked.items())), most)


def _just_after(at: str) -> str:
    return (
        datetime.fromisoformat(at) + timedelta(milliseconds=1)
    ).isoformat()  # they are told to the millisecond


def _verdict(call: Row) -> Iterator[str]:
    yield f"{call['method']} {call['path']}"
    yield f"at {moment(call['at'])} UTC from {call['ip'] or 'an unknown address'}"
    yield f"with {call['key_prefix'] or 'no key'} {call['key_name']}"
    yield ""
    checks = call["checks"] or ()
    for check in checks:
        yield from _check(check, call["detail"])
    if any(check["result"] == "not reached" for check in checks):
        yield f"{'-':<4}  not looked at: the first check that fails is the answer"
    yield ""
    yield f"{call['status']} {call['code'] or 'allowed'}. {call['detail']}"
    if call["fix"]:
        yield ""
        yield from textwrap.wrap(call["fix"], WIDTH)


def _check(check: Row, detail: str) -> list[str]:
    """One step of a verdict, in lines of 80 columns. The one that failed says what was found: `detail`."""
    says = check["what"] if check["result"] != "failed" else detail or f"Not so: {check['what']}"
    mark = f"{MARKS.get(check['result'], check['result']):<4}  {check['name']:<14}  "
    return textwrap.wrap(says, WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark))


def _act(event: Row) -> Iterator[str]:
    yield f"{event['actor_label']}: {event['action']} {event['target_kind']} {event['target_label']}"
    yield f"at {moment(event['at'])} UTC from {event['ip'] or 'an unknown address'}, via {event['via']}"
    if event["reason"]:
        yield f"because: {event['reason']}"
    for name, (before, after) in event["changes"].items():
        yield f"{name}: {as_json(before)} -> {as_json(after)}"
