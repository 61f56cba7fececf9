"""When an outbox tries again, when it gives up, and that one sender has a row."""

from datetime import timedelta

import pytest

from core.clock import now
from core.outbox import MAX_CLAIM, Backoff, claim, has_come, is_ahead, is_free, send_each
from portal.models import Mail, MailKind

MINUTE = timedelta(minutes=1)


def test_each_failure_waits_longer_and_the_last_is_given_up() -> None:
    backoff = Backoff((MINUTE, 5 * MINUTE))
    assert backoff.max_tries == 3
    assert [backoff.wait(tries) for tries in (1, 2, 3, 4)] == [MINUTE, 5 * MINUTE, None, None]


def test_jitter_spreads_the_waits_and_never_beyond_the_longest() -> None:
    backoff = Backoff((MINUTE,), jitter=0.2)
    waits = [backoff.wait(1) for _ in range(50)]
    assert len(set(waits)) > 1
    assert all(wait and 0.8 * MINUTE <= wait <= backoff.max_wait for wait in waits)


def test_a_receiver_that_asks_for_more_time_gets_it() -> None:
    backoff = Backoff((MINUTE,), jitter=0.2)
    assert backoff.wait(1, at_least=10 * MINUTE) == 10 * MINUTE
    assert backoff.wait(2, at_least=10 * MINUTE) is None


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "ahead"), [(-1, False), (1, True), (9, True), (11, False)])
def test_a_moment_beyond_the_longest_wait_holds_nothing_up(minutes: int, ahead: bool) -> None:
    moment = now() + minutes * MINUTE
    Mail.objects.create(kind=MailKind.NO_ACCOUNT, address="a@example.com", due_at=moment)
    assert is_ahead(moment, 10 * MINUTE) is ahead
    assert Mail.objects.filter(has_come("due_at", 10 * MINUTE)).exists() is not ahead


@pytest.mark.django_db
def test_a_row_without_a_moment_is_held_back_by_nothing() -> None:
    Mail.objects.create(kind=MailKind.NO_ACCOUNT, address="a@example.com", due_at=None)
    assert Mail.objects.filter(is_free("due_at", MINUTE)).exists()
    assert not Mail.objects.filter(has_come("due_at", MINUTE)).exists()


@pytest.mark.django_db
def test_one_of_two_senders_has_the_row_and_its_try_is_counted() -> None:
    mail = Mail.objects.create(kind=MailKind.NO_ACCOUNT, address="a@example.com")
    other, due = Mail.objects.get(), Mail.objects.filter(is_free("claimed_until", MAX_CLAIM))
    assert claim(due, mail, "tries", claimed_until=now() + MAX_CLAIM)
    assert not claim(due, other, "tries", claimed_until=now() + MAX_CLAIM)
    assert (mail.tries, Mail.objects.get().tries) == (1, 1)


def test_what_is_due_is_sent_until_the_time_is_over() -> None:
    assert send_each([2, 0, 1], lambda row: row, seconds=60) == 3
    assert send_each([], lambda row: row, seconds=-1) == 0
    assert send_each([7], lambda row: row, seconds=-1) == 1, "nothing was sent, and there is more"
