"""`alter doctor`: a line for each thing that may be wrong, and what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from agents.models import App
from alter import doctor
from audit.actors import shell
from portal.accounts.lifecycle import change_role
from portal.models import Membership, User
from portal.tokens import lifecycle
from tests.alter.running import alter

NOBODYS = "01a2014c-7d92-72cf-83df-d30ffbfe9814"


def results(*words: str) -> dict[str, str]:
    return {row["check"]: row["result"] for row in alter("doctor", *words, "--output", "jsonl").rows}


def test_all_is_well(signed_in: str, portal: str, app: App) -> None:
    run = alter("doctor")
    lines = run.out.splitlines()
    assert (run.code, run.err, lines[0]) == (0, "", f"ok    url          {portal}")
    assert lines[-1] == f"ok    app          checkout, {app.id}"
    assert {line[:6].strip() for line in lines} <= {"ok", ""}
    assert max(map(len, lines)) <= 80


def test_every_check_is_told_to_programs(signed_in: str) -> None:
    assert results() == dict.fromkeys(
        ["url", "encryption", "portal", "clock", "token", "permissions", "app"], "ok"
    )


def test_a_portal_that_is_gone_ends_with_1(signed_in: str) -> None:
    run = alter("doctor", "--base-url", "http://127.0.0.1:9")
    assert (run.code, run.error) == (1, "error: 1 of 3 checks failed.")
    assert "fail  portal" in run.out


def test_no_address_is_where_it_ends() -> None:
    assert results() == {"url": "fail"}


def test_a_token_that_is_missing_fails(portal: str) -> None:
    assert results()["token"] == "fail"


def test_a_token_that_ends_soon_is_a_warning(
    portal: str, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    issued = lifecycle.issue(shell(), admin, name="ci", permissions=["all"], expires_at=ends)
    monkeypatch.setenv("ALTER_PAT", issued.plaintext.take())
    assert results()["token"] == "warn"


def test_permissions_that_the_owner_lacks_are_a_warning(
    portal: str, developer: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALTER_PAT", token_of(developer))
    change_role(shell(), Membership.objects.get(user=developer), "support")
    told = {row["check"]: row for row in alter("doctor", "--output", "json").json}
    assert told["permissions"]["result"] == "warn"
    assert "dashboard_keys:write" in told["permissions"]["advice"]


@pytest.mark.parametrize(("app_id", "result"), [("", "warn"), (NOBODYS, "fail")])
def test_an_app_that_is_not_there_is_told(
    app_id: str, result: str, signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALTER_APP_ID", app_id)
    assert results()["app"] == result


@pytest.mark.parametrize(
    ("seconds", "result"), [(0, "ok"), (-50, "ok"), (120, "warn"), (-120, "warn"), (None, "warn")]
)
def test_a_clock_that_is_off_is_a_warning(seconds: Any, result: str) -> None:
    theirs = seconds is not None and format_datetime(datetime.now(UTC) + timedelta(seconds=seconds))
    assert doctor._clock(theirs or None)[0] == result
