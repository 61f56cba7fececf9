"""Taking reports: blind, bounded, and let go of in time."""

from contextlib import suppress
from datetime import timedelta

import pytest

from agents.models import App
from core.clock import at, now
from core.errors import Invalid
from keys.plaintext import generate, sha256
from portal.error_responses import ReportReplayed, TooManyReports
from portal.leaks import reports
from portal.models import LeakReport, User
from tests.factories import issued, minted
from tests.keys.asking import UNKNOWN

pytestmark = pytest.mark.django_db
FORM = LeakReport.Source.FORM
DAY = timedelta(days=1)


def reported(days_ago: int, outcome: str = "revoked", *, handled: bool = True) -> LeakReport:
    with at(now() - days_ago * DAY):
        report = reports.take(sha256(UNKNOWN), source=FORM)
        if handled:
            report.outcome, report.handled_at = outcome, now()
            report.save()
    return report


@pytest.mark.parametrize("before", ["", "ALTER_API_KEY=", 'Authorization: "Bearer '])
@pytest.mark.parametrize("kind", ["app", "agent", "derived", "token"])
def test_a_key_is_found_in_what_was_pasted(kind: str, before: str) -> None:
    secret = generate(kind).take()
    assert reports.hash_of(f"{before}{secret} # prod") == sha256(secret)


@pytest.mark.parametrize("pasted", ["", "hunter2", UNKNOWN[:22], "alter_pat_short"])
def test_what_holds_no_key_is_not_taken(pasted: str) -> None:
    with pytest.raises(Invalid):
        reports.hash_of(pasted)


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "a" * 63, "a" * 65])
def test_a_hash_is_64_hex_digits(text: str) -> None:
    with pytest.raises(Invalid):
        reports.parse_sha256(text)


def test_a_report_keeps_the_hash_and_not_the_key() -> None:
    report = reports.take(sha256(UNKNOWN), source=FORM, found_at=f"at {UNKNOWN}", note=UNKNOWN)
    stored = LeakReport.objects.get()
    assert (bytes(stored.hashed or b""), stored.handled_at, report.outcome) == (sha256(UNKNOWN), None, "")
    assert UNKNOWN[22:] not in stored.found_at + stored.note


def test_known_are_those_that_were_issued_here(app: App, admin: User) -> None:
    key, token = sha256(minted(app).plaintext.take()), sha256(issued(admin).plaintext.take())
    assert reports.known({key, token, sha256(UNKNOWN)}) == {key, token}


def test_an_address_may_send_so_many_a_minute() -> None:
    with at(now()):
        for _ in range(reports.MAX_PER_MINUTE):
            reports.charge("203.0.113.9")
        with pytest.raises(TooManyReports) as refused:
            reports.charge("203.0.113.9")
        assert 1 <= refused.value.details["retry_after"] <= 60
        reports.charge("203.0.113.10")


def test_a_network_of_ipv6_counts_as_one() -> None:
    with at(now()):
        for n in range(reports.MAX_PER_MINUTE):
            reports.charge(f"2001:db8::{n + 1:x}")
        with pytest.raises(TooManyReports):
            reports.charge("2001:db8::ffff")
        reports.charge("2001:db8:0:1::1")


def test_a_crowd_may_send_so_many_together() -> None:
    with at(now()):
        for n in range(reports.MAX_PER_MINUTE_TOTAL):
            reports.charge(f"198.{n // 50}.51.{n % 50}")
        with pytest.raises(TooManyReports):
            reports.charge("203.0.113.9")


@pytest.mark.parametrize(
    ("days", "outcome", "stays"),
    [(364, "revoked", True), (366, "revoked", False), (29, "unknown", True), (31, "unknown", False)],
)
def test_a_report_is_kept_for_its_time(days: int, outcome: str, stays: bool) -> None:
    reported(days, outcome)
    reports.purge()
    assert LeakReport.objects.exists() == stays


def test_a_report_that_waits_is_never_let_go() -> None:
    reported(400, "", handled=False)
    assert (reports.purge(), reports.are_waiting()) == (0, True)


def test_what_one_address_is_refused_takes_nothing_from_the_others() -> None:
    with at(now()):
        for _ in range(reports.MAX_PER_MINUTE_TOTAL + reports.MAX_PER_MINUTE):
            with suppress(TooManyReports):
                reports.charge("203.0.113.9")
        reports.charge("198.51.100.7")


def test_a_network_is_counted_as_one_too_and_leaves_the_others_theirs() -> None:
    taken = 0
    with at(now()):
        for n in range(3 * reports.MAX_PER_MINUTE_NETWORK):
            with suppress(TooManyReports):
                reports.charge(f"203.0.113.{n}")
                taken += 1
            with suppress(TooManyReports):
                reports.charge(f"2001:db8:7:{n:x}::1")
                taken += 1
        reports.charge("198.51.100.7")
        reports.charge("2001:db8:8::1")
    assert taken == 2 * reports.MAX_PER_MINUTE_NETWORK


def test_what_has_no_address_is_one_reporter() -> None:
    with at(now()):
        for n in range(reports.MAX_PER_MINUTE):
            reports.charge(("", "unread", "é")[n % 3])
        with pytest.raises(TooManyReports):
            reports.charge("another")


def test_a_message_that_was_taken_is_forgotten_when_its_reports_are() -> None:
    with at(now() - timedelta(days=366)):
        reports.refuse_replay(b"[]")
    with pytest.raises(ReportReplayed):
        reports.refuse_replay(b"[]")
    reports.purge()
    reports.refuse_replay(b"[]")
