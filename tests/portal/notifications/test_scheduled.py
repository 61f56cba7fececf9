"""What the clock tells of keys: once for each threshold, to whoever answers for them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from agents.models import App
from audit.actors import Origin, shell
from core.clock import at, now
from keys.lifecycle import deprecate, mint, revoke, rotate
from keys.models import ApiKey
from portal import scheduler
from portal.accounts.lifecycle import end_membership
from portal.models import Notification, NotificationPreference, User
from portal.notifications import scheduled
from portal.web.gates import person
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.scopes import parse_scopes

DAY = timedelta(days=1)
NOON = datetime.fromisoformat("2027-03-01T12:00:00+00:00")


@pytest.fixture
def theirs(app: App, developer: User) -> ApiKey:
    """A key of the developer's, which ends in 40 days."""
    with at(NOON):
        actor = person(developer, app, Origin("page"))
        scopes = parse_scopes(["grants:read"])
        return mint(actor, app, name="worker", scopes=scopes, expires_at=now() + 40 * DAY).key


def told(user: User) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("at", "id").values_list("title", flat=True))


def pass_days(first: float, last: float, step: float = 1) -> None:
    """Let the timed work run as the days go by."""
    works = [work for work in scheduler.JOBS if work.name == scheduled.JOB]
    day = first
    while day <= last:
        with at(NOON + day * DAY):
            scheduler.run_due_jobs(jobs=works)
        day += step


def test_a_key_is_told_of_before_its_end_and_at_it(theirs: ApiKey, developer: User) -> None:
    pass_days(0, 41)
    assert told(developer) == [
        "Key worker expires in 30 days",
        "Key worker expires in 14 days",
        "Key worker expires in 7 days",
        "Key worker expires tomorrow",
        "Key worker has expired",
    ]


def test_each_notice_leads_to_what_sets_it_right(theirs: ApiKey, developer: User) -> None:
    pass_days(10, 11)
    assert Notification.objects.get(user=developer).path == f"/apps/{theirs.app_id}/keys/{theirs.id}/rotate/"


def test_after_a_long_stop_the_nearest_is_told_alone(theirs: ApiKey, developer: User) -> None:
    pass_days(0, 1)
    pass_days(34, 34)
    assert told(developer) == ["Key worker expires in 7 days"]


def test_a_key_minted_with_less_life_is_not_told_of_what_it_never_had(app: App, admin: User) -> None:
    with at(NOON):
        minted(app, name="short", expires_at=now() + 10 * DAY)
    pass_days(0, 4)
    assert told(admin) == ["Key short expires in 7 days"]


def test_a_revoked_key_is_not_told_of(theirs: ApiKey, developer: User) -> None:
    with at(NOON + DAY):
        revoke(shell(), theirs)
    pass_days(1, 41)
    assert told(developer) == []


def test_whoever_left_is_not_told_and_the_admins_are(theirs: ApiKey, developer: User, admin: User) -> None:
    end_membership(shell(), developer.memberships.get())
    pass_days(9, 11)
    assert (told(developer), told(admin)) == ([], ["Key worker expires in 30 days"])


@pytest.mark.parametrize(("reach", "count"), [("all", 1), ("own", 0)])
def test_who_chose_every_key_is_told_of_others(theirs: ApiKey, support: User, reach: str, count: int) -> None:
    NotificationPreference.objects.create(user=support, kind="key-expiring", reach=reach)
    pass_days(9, 11)
    assert len(told(support)) == count


def test_who_wants_nothing_gets_nothing(theirs: ApiKey, developer: User) -> None:
    NotificationPreference.objects.create(user=developer, kind="key-expiring", in_portal=False, by_mail=False)
    pass_days(9, 11)
    assert told(developer) == []


def test_an_idle_run_makes_nothing(app: App) -> None:
    assert scheduled.notify_of_expiry() == 0


def test_old_notices_go_and_unread_ones_stay_longer(theirs: ApiKey, developer: User) -> None:
    pass_days(9, 11)
    Notification.objects.update(read_at=NOON)
    pass_days(200, 200)
    assert not Notification.objects.filter(kind="key-expiring").exists()


# ── still called ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def called(app: App) -> ApiKey:
    key, secret = opened(minted(app, name="old"))
    ask(secret)
    deprecate(shell(), key)
    return key


def test_a_deprecated_key_that_is_called_is_told_of_once_a_week(called: ApiKey, admin: User) -> None:
    for _ in range(3):
        scheduled.notify_of_deprecated_in_use()
    assert told(admin) == ["Deprecated key old is still in use"]
    with at(now() + 6 * DAY + timedelta(hours=23)):
        scheduled.notify_of_deprecated_in_use()
    assert len(told(admin)) in (1, 2)


def test_one_that_is_silent_is_not_told_of(app: App, admin: User) -> None:
    deprecate(shell(), minted(app).key)
    assert scheduled.notify_of_deprecated_in_use() == 0


def test_the_last_day_of_a_grace_is_told_of_apart(app: App, admin: User) -> None:
    key, secret = opened(minted(app, name="old"))
    ask(secret)
    rotate(shell(), key, grace=timedelta(hours=20))
    scheduled.notify_of_deprecated_in_use()
    assert told(admin) == ["Key old expires within 24 hours and is still in use"]


def test_nothing_told_holds_more_than_a_name(called: ApiKey, admin: User) -> None:
    scheduled.notify_of_deprecated_in_use()
    rows: list[Any] = list(Notification.objects.values_list("title", "text", "path"))
    assert called.prefix not in str(rows)
