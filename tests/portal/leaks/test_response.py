"""What is done about a reported secret: the rule of its app for its kind, on record, told, and the hash let go."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.change import change
from audit.models import Event
from core.clock import at, now
from keys import lifecycle
from keys.gateways import lifecycle as gateways
from keys.lifecycle import Minted
from keys.models import ApiKey
from keys.plaintext import sha256
from portal import actions, scheduler
from portal.leaks import reports, response
from portal.models import LeakReport, Notification, PortalPolicy, User
from portal.tokens import lifecycle as tokens
from tests.factories import issued, minted
from tests.keys.asking import UNKNOWN, acts, again, said
from tests.keys.family import derived, parent_of

pytestmark = pytest.mark.django_db
PLACE = "https://git.example.com/shop/.env"
DAY = timedelta(days=1)
Make = Callable[[App, Agent], Minted]
MAKE: dict[str, Make] = {
    "app": lambda app, agent: minted(app),
    "agent": lambda app, agent: minted(app, agent=agent),
    "derived": lambda app, agent: derived(parent_of(app).key),
}
EVERY_KIND = pytest.mark.parametrize("kind", MAKE)
ENDS: dict[str, Callable[[ApiKey], object]] = {
    "revoked": lambda key: lifecycle.revoke(shell(), key),
    "ended": lambda key: lifecycle.rotate(shell(), key, grace=timedelta(0)),
}


def ruled(app: App, kind: str, rule: str) -> None:
    agents_lifecycle.update_app(shell(), app, **{f"on_leaked_{kind}_key": rule})


def report(secret: str, found_at: str = PLACE) -> LeakReport:
    return reports.take(sha256(secret), source=LeakReport.Source.FORM, found_at=found_at)


def deal(secret: str, found_at: str = PLACE) -> LeakReport:
    return response.handle(report(secret, found_at))


# ── the rules ───────────────────────────────────────────────────────────────────────────────────────


@EVERY_KIND
@pytest.mark.parametrize(
    ("rule", "outcome", "status", "done"),
    [
        ("notify", "notified", "active", []),
        ("deprecate", "deprecated", "deprecated", ["key.deprecate"]),
        ("revoke", "revoked", "revoked", ["key.revoke"]),
    ],
)
def test_the_rule_for_its_kind_is_carried_out(
    app: App, agent: Agent, kind: str, rule: str, outcome: str, status: str, done: list[str]
) -> None:
    ruled(app, kind, rule)
    made = MAKE[kind](app, agent)
    before = said(made.key)
    dealt = deal(made.plaintext.take())
    assert (dealt.outcome, again(made.key).status) == (outcome, status)
    assert said(made.key) == [*before, "leak.report", *done]


@pytest.mark.parametrize(
    ("kind", "outcome"), [("app", "notified"), ("agent", "notified"), ("derived", "revoked")]
)
def test_what_the_product_comes_with(app: App, agent: Agent, kind: str, outcome: str) -> None:
    assert deal(MAKE[kind](app, agent).plaintext.take()).outcome == outcome


def test_the_only_key_of_an_agent_goes_too(app: App, agent: Agent) -> None:
    ruled(app, "agent", "revoke")
    made = minted(app, agent=agent)
    deal(made.plaintext.take())
    assert (again(made.key).status, agent.keys.active().count()) == ("revoked", 0)


def test_what_was_derived_goes_with_it(app: App) -> None:
    ruled(app, "app", "revoke")
    parent = parent_of(app)
    child = derived(parent.key).key
    deal(parent.plaintext.take())
    assert again(child).status == "revoked"


@pytest.mark.parametrize(
    ("kind", "begin"),
    [(kind, lifecycle.deprecate) for kind in MAKE] + [(kind, lifecycle.rotate) for kind in ("app", "agent")],
)
def test_a_key_on_its_way_out_is_not_over(
    app: App, agent: Agent, kind: str, begin: Callable[..., object]
) -> None:
    ruled(app, kind, "revoke")
    made = MAKE[kind](app, agent)
    begin(shell(), made.key)
    assert (deal(made.plaintext.take()).outcome, again(made.key).status) == ("revoked", "revoked")


@pytest.mark.parametrize("end", ENDS)
def test_a_key_that_had_ended_is_on_record_and_nobody_is_told(app: App, admin: User, end: str) -> None:
    ruled(app, "app", "revoke")
    made = minted(app)
    ENDS[end](made.key)
    before = said(made.key)
    dealt = deal(made.plaintext.take())
    assert (dealt.outcome, dealt.key_id) == ("over", made.key.id)
    assert (said(made.key), Notification.objects.count()) == ([*before, "leak.report"], 0)


def test_a_key_that_has_expired_is_over(app: App) -> None:
    made = minted(app, expires_at=now() + DAY)
    with at(now() + 2 * DAY):
        assert deal(made.plaintext.take()).outcome == "over"


def test_the_old_secret_of_a_derived_key_is_nobodys(app: App) -> None:
    made = derived(parent_of(app).key)
    secret = made.plaintext.take()
    lifecycle.rotate(shell(), made.key)
    assert (deal(secret).outcome, again(made.key).status) == ("unknown", "active")


def test_a_key_of_an_older_pepper_is_known(app: App, settings: object) -> None:
    made = minted(app)
    settings.PEPPERS = {**settings.PEPPERS, 9: b"n" * 32}  # type: ignore[attr-defined]
    assert deal(made.plaintext.take()).key_id == made.key.id


# ── the record ──────────────────────────────────────────────────────────────────────────────────────


def test_the_record_says_who_acted_and_why(app: App) -> None:
    ruled(app, "app", "revoke")
    made = minted(app)
    dealt = deal(made.plaintext.take())
    told, ended = acts(made.key)[-2:]
    assert told.facts == {"source": "form", "found_at": PLACE, "report": str(dealt.pk)}
    assert ended.cause_id == told.id
    assert (ended.actor_kind, ended.reason) == (
        "system",
        f"Reported as leaked with the report form. Found at {PLACE}",
    )


def test_of_an_unknown_secret_nothing_is_kept(app: App) -> None:
    before = Event.objects.count()
    dealt = deal(UNKNOWN)
    assert (dealt.outcome, dealt.hashed, dealt.prefix, dealt.app_id) == ("unknown", None, "", None)
    assert (dealt.found_at, dealt.note) == ("", "")
    assert (dealt.handled_at is not None, Event.objects.count()) == (True, before)


def test_of_a_gateways_secret_those_who_hold_the_portal_are_told(admin: User, developer: User) -> None:
    made = gateways.create(shell(), "edge", "original")
    old, new = made.plaintext.take(), gateways.rotate(shell(), made.gateway).plaintext.take()
    for secret, outcome in ((old, "notified"), (new, "notified")):
        assert deal(secret).outcome == outcome
    assert {notification.user for notification in Notification.objects.all()} == {admin}
    assert Event.objects.filter(action="leak.report", target_kind="gateway").count() == 2
    assert new[-20:] not in str(list(Event.objects.values()) + list(Notification.objects.values()))
    gateways.retire(shell(), gateways.find("edge"))
    assert deal(new, "elsewhere").outcome == "over"


def test_dealing_twice_is_dealing_once(app: App) -> None:
    made = minted(app)
    waiting = report(made.plaintext.take())
    response.handle(waiting)
    before = Event.objects.count()
    assert response.handle(waiting).outcome == "notified"
    assert Event.objects.count() == before


# ── who is told ─────────────────────────────────────────────────────────────────────────────────────


def test_the_owner_and_the_admins_are_told_with_the_way_to_the_key(
    app: App, admin: User, developer: User, outsider: User, acting: Callable[..., object]
) -> None:
    made = minted(app, name="worker")
    lifecycle.hand_over(shell(), made.key, developer.pk, developer.label)
    deal(made.plaintext.take())
    notifications = Notification.objects.all()
    assert {notification.user for notification in notifications} == {admin, developer}
    assert {notification.path for notification in notifications} == {f"/apps/{app.id}/keys/{made.key.id}/"}
    assert notifications[0].title == f"Key worker ({made.key.prefix}) was reported as leaked"
    assert notifications[0].text.endswith(PLACE)


def test_the_same_place_is_told_of_once_a_day(app: App, admin: User) -> None:
    secret = minted(app).plaintext.take()
    deal(secret)
    deal(secret)
    assert Notification.objects.count() == 1
    with at(now() + DAY + timedelta(minutes=1)):
        deal(secret)
    assert (Notification.objects.count(), Event.objects.filter(action="leak.report").count()) == (2, 3)


def test_another_place_is_told_of_but_not_a_flood_of_places(app: App, admin: User) -> None:
    secret = minted(app).plaintext.take()
    for n in range(response.MAX_PLACES + 3):
        deal(secret, f"{PLACE}?{n}" if n == 0 else f"{PLACE}/{n}")
    assert Notification.objects.count() == response.MAX_PLACES


# ── access tokens ───────────────────────────────────────────────────────────────────────────────────


def house(rule: str) -> None:
    rules = PortalPolicy(on_leaked_token=rule)
    with change(shell(), actions.CHANGE_POLICY, on=rules):
        rules.save()


@pytest.mark.parametrize(
    ("rule", "outcome", "status"),
    [("revoke", "revoked", "revoked"), ("notify", "notified", "active"), ("deprecate", "notified", "active")],
)
def test_a_token_goes_by_the_rules_of_the_house(
    admin: User, developer: User, rule: str, outcome: str, status: str
) -> None:
    house(rule)
    made = issued(developer)
    dealt = deal(made.plaintext.take())
    made.token.refresh_from_db()
    assert (dealt.outcome, dealt.token_id, made.token.status) == (outcome, made.token.id, status)
    assert [(notification.user, notification.path) for notification in Notification.objects.all()] == [
        (developer, "/account/tokens/")
    ]


def test_a_token_is_revoked_unless_someone_says_otherwise(admin: User) -> None:
    assert deal(issued(admin).plaintext.take()).outcome == "revoked"


def test_a_token_that_had_ended_is_over(admin: User) -> None:
    made = issued(admin)
    tokens.revoke(shell(), made.token)
    assert (deal(made.plaintext.take()).outcome, Notification.objects.count()) == ("over", 0)


# ── the timed work ──────────────────────────────────────────────────────────────────────────────────


def test_the_timed_work_deals_with_what_waits_and_wipes_it(app: App) -> None:
    waiting = [report(minted(app).plaintext.take()), report(UNKNOWN)]
    scheduler.run_due_jobs(jobs=[work for work in scheduler.JOBS if work.name == "leaks"])
    left = {report.pk: (report.outcome, report.hashed) for report in LeakReport.objects.all()}
    assert left == {waiting[0].pk: ("notified", None), waiting[1].pk: ("unknown", None)}
    assert not reports.are_waiting()


def test_one_that_fails_keeps_no_other_waiting(app: App, caplog: pytest.LogCaptureFixture) -> None:
    bad = report(minted(app).plaintext.take())
    LeakReport.objects.filter(pk=bad.pk).update(source="nobody")
    good = report(minted(app).plaintext.take())
    with caplog.at_level(logging.ERROR):
        assert response.handle_waiting() == 1
    good.refresh_from_db()
    assert (good.outcome, str(bad.pk) in caplog.text) == ("notified", True)
