"""`alter doctor`: looks at what may be wrong, one thing after another, from here to the portal."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import click

from alter import output
from alter.client import Client
from alter.columns import CHECK
from alter.command import Verb
from alter.exit_codes import Exit, Failure
from alter.run import Run, Token, pass_run

SKEW = timedelta(seconds=60)
SOON = timedelta(days=7)
Result = tuple[str, str, str]
"""The result (ok, warn or fail), the details, and the advice."""


@click.command(
    cls=Verb,
    shows=CHECK,
    examples="""
    alter doctor
    alter doctor --output json
    """,
)
@pass_run
def doctor(run: Run) -> None:
    """Check the connection, token and permissions.

    Each line has ok, warn or fail, and advice. Exit code 1 if a check fails.
    """
    rows = [
        {"check": name, "result": result, "detail": detail, "advice": advice or None}
        for name, (result, detail, advice) in _checks(run)
    ]
    if run.format("table") == "table":
        output.emit("\n".join(_lines(rows)))
    else:
        run.show_all(rows)
    failed = sum(row["result"] == "fail" for row in rows)
    if failed:
        raise Failure(Exit.ERROR, f"{failed} of {len(rows)} checks failed.")


def _checks(run: Run) -> Iterator[tuple[str, Result]]:
    """Each check and its result. Checks that need a failed one are left out."""
    try:
        base_url = run.base_url
    except Failure as failure:
        yield "url", _failed(failure)
        return
    yield "url", ("ok", base_url, "")
    yield "encryption", _encryption(base_url)
    try:
        response = Client(base_url).send("GET", "/healthz")
    except Failure as failure:
        yield "portal", _failed(failure)
        return
    yield "portal", ("ok", f"responds in {response.elapsed.total_seconds() * 1000:.0f} ms", "")
    yield "clock", _clock(response.headers.get("date"))
    try:
        token = run.token
        me = Client(base_url, token.secret).get("/me")
    except Failure as failure:
        yield "token", _failed(failure)
        return
    for name, check in (
        ("token", partial(_token, token)),
        ("permissions", _permissions),
        ("app", partial(_app, run)),
    ):
        yield name, _run(check, me)


def _run(check: Callable[[dict[str, Any]], Result], me: dict[str, Any]) -> Result:
    """The result of a check; an error is a failed one."""
    try:
        return check(me)
    except Failure as failure:
        return _failed(failure)


def _failed(failure: Failure) -> Result:
    return "fail", failure.message, failure.hint


def _encryption(base_url: str) -> Result:
    if base_url.startswith("https://"):
        return "ok", "https", ""
    return "ok", "not needed for localhost", ""


def _clock(date: str | None) -> Result:
    """The difference between this machine's clock and the portal's."""
    try:
        theirs = parsedate_to_datetime(date or "")
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return "warn", "the portal sends no date", ""
    ahead = datetime.now(UTC) - theirs
    seconds = round(abs(ahead.total_seconds()))
    if abs(ahead) < SKEW:
        return "ok", f"{seconds} s from the portal's", ""
    direction = "ahead of" if ahead > timedelta(0) else "behind"
    return (
        "warn",
        f"{seconds} s {direction} the portal's",
        "Correct this machine's clock: signed requests depend on it.",
    )


def _token(token: Token, me: dict[str, Any]) -> Result:
    details = f"{me['token']['name']} of {me['user']['email']}, from {token.source}"
    expiry = me["token"]["expires_at"]
    if expiry and _moment(expiry) - datetime.now(UTC) < SOON:
        return (
            "warn",
            f"{details}, expires {output.moment(expiry)} UTC",
            "Sign in again before it expires: alter auth login",
        )
    return "ok", f"{details}, {f'expires {output.moment(expiry)} UTC' if expiry else 'never expires'}", ""


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise Failure(Exit.ERROR, f"The portal sent an invalid time: {text!r}.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _permissions(me: dict[str, Any]) -> Result:
    """The token's permissions, and whether its owner's roles include them."""
    requested = set(me["token"]["permissions"])
    held = set(me["permissions_everywhere"]).union(*(app["permissions"] for app in me["apps"]))
    short = ", ".join(sorted(name.removeprefix("dashboard_") for name in held)) or "none"
    if missing := sorted(requested - held):
        return "warn", short, f"Your role does not include {', '.join(missing)}. Ask an admin."
    return "ok", short, ""


def _app(run: Run, me: dict[str, Any]) -> Result:
    try:
        app_id = run.app_id
    except Failure as failure:
        return "warn", failure.message, failure.hint
    name = next((app["name"] for app in me["apps"] if app["id"] == app_id), None)
    if name is None:
        return "fail", f"you have no access to app {app_id}", "To list your apps: alter apps list"
    return "ok", f"{name}, {app_id}", ""


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    import textwrap

    room = max(40, output.width())
    for row in rows:
        start = f"{row['result']:<6}{row['check']:<13}"
        yield from textwrap.wrap(
            output.plain(start + row["detail"]), room, subsequent_indent=" " * 19, break_on_hyphens=False
        )
        if row["advice"]:
            yield from textwrap.wrap(
                output.plain(row["advice"]), room, initial_indent=" " * 19, subsequent_indent=" " * 19
            )
