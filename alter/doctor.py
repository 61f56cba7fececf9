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
Answer = tuple[str, str, str]
"""ok, warn or fail; what was found; what to do."""


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
    """Look at what may be wrong, from here to the portal.

    Each line says ok, warn or fail, and what to do. One fail ends with exit code 1.
    """
    found = [
        {"check": name, "result": result, "detail": detail, "advice": advice or None}
        for name, (result, detail, advice) in _checks(run)
    ]
    if run.format("table") == "table":
        output.emit("\n".join(_lines(found)))
    else:
        run.show_all(found)
    failed = sum(one["result"] == "fail" for one in found)
    if failed:
        raise Failure(Exit.ERROR, f"{failed} of {len(found)} checks failed.")


def _checks(run: Run) -> Iterator[tuple[str, Answer]]:
    """Each check and its answer. What cannot be looked at any more is left out."""
    try:
        base_url = run.base_url
    except Failure as failure:
        yield "address", _failed(failure)
        return
    yield "address", ("ok", base_url, "")
    yield "encryption", _encryption(base_url)
    try:
        response = Client(base_url).send("GET", "/healthz")
    except Failure as failure:
        yield "portal", _failed(failure)
        return
    yield "portal", ("ok", f"answers in {response.elapsed.total_seconds() * 1000:.0f} ms", "")
    yield "clock", _clock(response.headers.get("date"))
    try:
        token = run.token
        told = Client(base_url, token.secret).get("/me")
    except Failure as failure:
        yield "token", _failed(failure)
        return
    for name, look in (
        ("token", partial(_token, token)),
        ("permissions", _permissions),
        ("app", partial(_app, run)),
    ):
        yield name, _looked(look, told)


def _looked(look: Callable[[dict[str, Any]], Answer], told: dict[str, Any]) -> Answer:
    """What a look says; that it could not be done is an answer too."""
    try:
        return look(told)
    except Failure as failure:
        return _failed(failure)


def _failed(failure: Failure) -> Answer:
    return "fail", failure.message, failure.hint


def _encryption(base_url: str) -> Answer:
    if base_url.startswith("https://"):
        return "ok", "https", ""
    return "ok", "none, and none is needed on this machine", ""


def _clock(date: str | None) -> Answer:
    """How far this machine's clock is from the portal's."""
    try:
        theirs = parsedate_to_datetime(date or "")
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return "warn", "the portal does not say what time it is", ""
    ahead = datetime.now(UTC) - theirs
    seconds = round(abs(ahead.total_seconds()))
    if abs(ahead) < SKEW:
        return "ok", f"{seconds} s from the portal's", ""
    way = "ahead of" if ahead > timedelta(0) else "behind"
    return "warn", f"{seconds} s {way} the portal's", "Set this machine's clock: signed calls depend on it."


def _token(token: Token, told: dict[str, Any]) -> Answer:
    found = f"{told['token']['name']} of {told['user']['email']}, from {token.source}"
    ends = told["token"]["expires_at"]
    if ends and _moment(ends) - datetime.now(UTC) < SOON:
        return "warn", f"{found}, ends {output.moment(ends)} UTC", "Sign in again in time: alter auth login."
    return "ok", f"{found}, ends {output.moment(ends, never='never')}{' UTC' if ends else ''}", ""


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise Failure(Exit.ERROR, f"The portal says a moment that is none: {text!r}.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _permissions(told: dict[str, Any]) -> Answer:
    """What the token asks for, and whether its owner may do that anywhere."""
    asked = set(told["token"]["permissions"])
    held = set(told["permissions_everywhere"]).union(*(app["permissions"] for app in told["apps"]))
    short = ", ".join(sorted(name.removeprefix("dashboard_") for name in held)) or "none"
    if lacking := sorted(asked - held):
        return "warn", short, f"Your role does not include {', '.join(lacking)}. Ask an admin."
    return "ok", short, ""


def _app(run: Run, told: dict[str, Any]) -> Answer:
    try:
        app_id = run.app_id
    except Failure as failure:
        return "warn", failure.message, failure.hint
    name = next((app["name"] for app in told["apps"] if app["id"] == app_id), None)
    if name is None:
        return "fail", f"{app_id} is no app that you reach", "alter apps list shows those you do."
    return "ok", f"{name}, {app_id}", ""


def _lines(found: list[dict[str, Any]]) -> Iterator[str]:
    import textwrap

    room = max(40, output.width())
    for one in found:
        start = f"{one['result']:<6}{one['check']:<13}"
        yield from textwrap.wrap(
            output.plain(start + one["detail"]), room, subsequent_indent=" " * 19, break_on_hyphens=False
        )
        if one["advice"]:
            yield from textwrap.wrap(
                output.plain(one["advice"]), room, initial_indent=" " * 19, subsequent_indent=" " * 19
            )
