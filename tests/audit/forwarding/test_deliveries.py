"""A webhook is told of every sealed row it wants, in order, at least once, and by nobody who waits for it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from pytest_django import Settings

from audit.actors import shell
from audit.forwarding import deliveries, destinations
from audit.forwarding.webhooks import Secret
from audit.integrity.sealing import sealer
from audit.models import Checkpoint, Delivery, Event, StreamCursor, Webhook
from audit.retention import purging
from core.clock import at
from core.ids import new_id
from core.outbox import MAX_CLAIM
from tests.audit.receiver import HOST, Receiver
from tests.audit.records import APP, DAY, HOUR, MINUTE, NOON, acted, called

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def listed(settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = frozenset({HOST})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as there:
        yield there


@pytest.fixture
def made(receiver: Receiver) -> Secret:
    return to(receiver)


def to(receiver: Receiver, **choices: Any) -> Secret:
    return destinations.create(shell(), **{"name": "siem", "url": receiver.url, "app_id": APP, **choices})


def sealed(*rows: Any) -> None:
    sealer.seal_all()


def forward(moment: datetime = NOON) -> int:
    """All that is due at one moment."""
    with at(moment):
        count = 0
        while done := deliveries.forward():
            count += done
        return count


def told(receiver: Receiver) -> list[str]:
    """The ids of all entries that arrived, in order."""
    return [item["id"] for received in receiver.received for item in received.json["items"]]


# ── what arrives ────────────────────────────────────────────────────────────────────────────────────


def test_sealed_rows_arrive_as_the_api_tells_them_with_their_place(made: Secret, receiver: Receiver) -> None:
    row = called(path="/grants")
    sealed()
    forward()
    body = receiver.received[0].json
    assert (body["type"], body["app_id"], body["kind"], body["checkpoint"]) == (
        "audit.entries",
        str(APP),
        "call",
        Checkpoint.objects.get(stream=APP, kind="call").number,
    )
    assert {"seq": 1, "kind": "call", "id": str(row.id), "path": "/grants"}.items() <= body["items"][
        0
    ].items()


def test_they_are_signed_with_the_secret_that_was_shown(made: Secret, receiver: Receiver) -> None:
    sealed(called())
    forward()
    assert receiver.received[0].is_signed_with(made.text)


def test_after_a_rotation_with_the_new_one_alone(made: Secret, receiver: Receiver) -> None:
    fresh = destinations.rotate(shell(), made.webhook)
    sealed(called())
    forward()
    assert [receiver.received[0].is_signed_with(secret.text) for secret in (made, fresh)] == [False, True]


def test_the_headers_are_those_of_standard_webhooks(made: Secret, receiver: Receiver) -> None:
    sealed(called())
    forward()
    headers = receiver.received[0].headers
    assert headers["webhook-id"] == str(Delivery.objects.get().pk)
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert headers["content-type"] == "application/json"


def test_a_row_that_waits_for_its_seal_is_not_told_yet(made: Secret, receiver: Receiver) -> None:
    called()
    assert forward() == 0


def test_what_was_sealed_before_it_was_made_is_not_told(receiver: Receiver) -> None:
    sealed(called())
    to(receiver)
    forward()
    assert told(receiver) == []


def test_batches_arrive_in_the_order_of_their_seals(made: Secret, receiver: Receiver) -> None:
    rows = []
    for n in range(4):
        rows.append(str(called(at=NOON + n * MINUTE).id))
        sealer.seal_all()
    forward()
    assert told(receiver) == rows


@pytest.mark.parametrize(
    ("sends", "arrives"),
    [("everything", ["act", "yes", "no"]), ("events", ["act"]), ("calls", ["yes", "no"]), ("denied", ["no"])],
)
def test_it_is_told_of_what_it_wants(receiver: Receiver, sends: str, arrives: list[str]) -> None:
    to(receiver, sends=sends)
    rows = {"act": acted(), "yes": called(), "no": called(at=NOON + MINUTE, code="invalid_key")}
    sealed()
    forward()
    assert sorted(told(receiver)) == sorted(str(rows[name].id) for name in arrives)


def test_another_apps_rows_are_not_told(made: Secret, receiver: Receiver) -> None:
    sealed(called(new_id()), acted(None))
    forward()
    assert told(receiver) == []


def test_one_for_every_app_is_told_of_what_belongs_to_none_too(receiver: Receiver) -> None:
    to(receiver, app_id=None, sends="calls")
    rows = [called(None), called(new_id())]
    sealed()
    forward()
    assert sorted(told(receiver)) == sorted(str(row.id) for row in rows)


def test_what_nobody_wants_is_passed_over_for_good(receiver: Receiver) -> None:
    webhook = to(receiver, sends="denied").webhook
    sealed(called())
    forward()
    assert StreamCursor.objects.get(name=str(webhook.pk)).number == 2
    assert not deliveries.has_work()


# ── what does not arrive ────────────────────────────────────────────────────────────────────────────


def test_a_failure_is_tried_again_under_the_same_id(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500, 200]
    sealed(called())
    forward()
    forward(NOON + 13 * SECOND)
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert Delivery.objects.get().delivered_at


def test_it_is_signed_anew_for_its_moment(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500, 200]
    sealed(called())
    forward()
    forward(NOON + 13 * SECOND)
    assert [received.is_signed_with(made.text) for received in receiver.received] == [True, True]
    assert len({received.headers["webhook-timestamp"] for received in receiver.received}) == 2


def test_not_before_its_time(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500]
    sealed(called())
    forward()
    assert forward(NOON + 7 * SECOND) == 0


def test_the_waits_grow_and_then_it_is_a_failed_delivery(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500]
    sealed(called())
    moment, waits = NOON, list[timedelta]()
    while not destinations.failed_deliveries().exists():
        forward(moment)
        due = Delivery.objects.get().next_try_at
        waits, moment = ([*waits, due - moment], due) if due else (waits, moment)
    assert len(receiver.received) == 8
    assert all(w * 0.79 < real < w * 1.21 for w, real in zip(deliveries.BACKOFF.waits, waits, strict=True))
    assert 16 * HOUR < moment - NOON < 26 * HOUR


def test_what_comes_behind_waits_for_its_turn(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500]
    first = called()
    sealed()
    sealed(called(at=NOON + MINUTE))
    forward(), forward(NOON + HOUR)
    assert set(told(receiver)) == {str(first.id)}


def test_a_failed_delivery_lets_the_next_one_pass(made: Secret, receiver: Receiver) -> None:
    sealed(called())
    Delivery.objects.create(
        webhook=made.webhook, checkpoint=99, rows=1, attempts=8, next_try_at=None, given_up_at=NOON
    )
    forward()
    assert len(told(receiver)) == 1


def test_a_failed_delivery_is_tried_again_once_when_asked_for(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500]
    sealed(called())
    forward()
    Delivery.objects.update(attempts=8, given_up_at=NOON, next_try_at=None)
    with at(NOON):
        destinations.retry(shell(), Delivery.objects.get())
    assert forward() == 1
    assert Delivery.objects.get().next_try_at is None
    assert destinations.failed_deliveries().exists()


def test_one_that_arrives_then_is_a_failed_delivery_no_more(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500, 200]
    sealed(called())
    forward()
    Delivery.objects.update(attempts=8, given_up_at=NOON, next_try_at=None)
    with at(NOON):
        destinations.retry(shell(), Delivery.objects.get())
    forward()
    assert not destinations.failed_deliveries().exists()


def test_gone_ends_the_webhook_and_says_why(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [410]
    receiver.headers = {"Retry-After": "5"}
    sealed(called())
    forward()
    made.webhook.refresh_from_db()
    event = Event.objects.get(action="webhook.delete")
    assert made.webhook.deleted_at
    assert (event.actor_kind, event.reason) == ("system", "HTTP status 410 Gone.")
    assert forward(NOON + DAY) == 0
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [429, 503, 500, 301])
@pytest.mark.parametrize("says", ["3600", "Mon, 01 Jun 2026 13:00:00 GMT", "Mon, 01 Jun 2026 13:00:00 -0000"])
def test_a_receiver_that_says_when_is_not_asked_before(
    made: Secret, receiver: Receiver, status: int, says: str
) -> None:
    receiver.statuses, receiver.headers = [status, 200], {"Retry-After": says}
    sealed(called())
    forward()
    assert "Retry-After: 01 June 13:00 UTC." in Delivery.objects.get().last_error
    with at(NOON + MINUTE):  # whatever else is due there waits as well
        sealed(called(at=NOON + MINUTE))
    assert forward(NOON + 59 * MINUTE) == 0
    with at(NOON + 59 * MINUTE):
        assert not deliveries.has_work()
    assert forward(NOON + 61 * MINUTE) > 0
    assert len(receiver.received) == 3
    assert not Delivery.objects.filter(delivered_at=None).exists()


def test_there_is_a_longest_wait_and_no_shorter_one_than_ours(made: Secret, receiver: Receiver) -> None:
    waits = {
        "99999999999": 24 * HOUR,
        "Fri, 31 Dec 9999 23:59:59 GMT": 24 * HOUR,
        "9" * 400: 24 * HOUR,
        "0": None,
        "-5": None,
        "1.5": None,
        "soon": None,
        "\u00b2": None,
        "Mon, 01 Jun 2020 13:00:00 GMT": None,
        "Mon, 99 Jun 2020 13:00:00 GMT": None,
        "": None,
    }
    receiver.statuses = [503]
    sealed(called())
    for says, wait in waits.items():
        Delivery.objects.update(attempts=0, next_try_at=NOON)
        QuerySet(Webhook).update(not_before=None)
        receiver.headers = {"Retry-After": says.encode().decode("latin-1")}
        forward()
        due = Delivery.objects.get().next_try_at
        assert due, says
        assert due - NOON == wait if wait else due - NOON < 13 * SECOND, says


def test_a_redirect_is_a_failure_that_says_so(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [302]
    sealed(called())
    forward()
    assert Delivery.objects.get().last_error == "HTTP status 302. Redirects are not followed."


def test_a_paused_one_is_sent_nothing_and_goes_on_where_it_was(made: Secret, receiver: Receiver) -> None:
    destinations.pause(shell(), made.webhook)
    sealed(called())
    assert forward() == 0
    destinations.resume(shell(), made.webhook)
    forward()
    assert len(told(receiver)) == 1


def test_an_ended_one_is_sent_nothing(made: Secret, receiver: Receiver) -> None:
    sealed(called())
    destinations.delete(shell(), made.webhook)
    assert forward() == 0


def test_one_that_fails_does_not_hold_up_another(made: Secret, receiver: Receiver) -> None:
    with Receiver(500) as broken:
        to(broken, name="broken")
        sealed(called())
        forward()
        assert (len(told(receiver)), len(broken.received)) == (1, 1)


def test_rows_that_were_purged_before_they_arrived_are_a_failed_delivery(
    made: Secret, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    with at(NOON):
        sealed(called())
    forward()
    with at(NOON + 40 * DAY):
        purging.sealed("call", NOON + DAY)
    Delivery.objects.update(next_try_at=NOON)
    forward()
    assert destinations.failed_deliveries().get().last_error == "The entries are past their retention."


def test_a_try_that_another_process_makes_is_left_to_it(made: Secret, receiver: Receiver) -> None:
    sealed(called())
    with at(NOON):
        delivery = deliveries._next(made.webhook)
        assert delivery
        Delivery.objects.update(attempts=1)
        assert not deliveries._try(made.webhook, delivery)
    assert receiver.received == []


def test_only_the_latest_that_arrived_are_remembered(
    made: Secret, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MAX_DELIVERED", 2)
    for n in range(4):
        sealed(called(at=NOON + n * MINUTE))
    forward()
    assert [delivery.checkpoint for delivery in Delivery.objects.order_by("checkpoint")] == [4, 5]


def test_a_test_is_sent_once_and_signed(made: Secret, receiver: Receiver) -> None:
    with at(NOON):
        destinations.test(shell(), made.webhook)
    forward()
    assert receiver.received[0].json == {"type": "audit.test", "items": []}
    assert receiver.received[0].is_signed_with(made.text)
    assert forward(NOON + HOUR) == 0


def test_a_test_that_fails_is_not_tried_again(made: Secret, receiver: Receiver) -> None:
    receiver.statuses = [500]
    with at(NOON):
        destinations.test(shell(), made.webhook)
    forward()
    assert forward(NOON + DAY) == 0
    assert Delivery.objects.get().last_error == "HTTP status 500."


def test_no_secret_and_no_body_gets_into_the_log(
    made: Secret, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses = [500]
    caplog.set_level("DEBUG")
    sealed(called(path="/told-nowhere"))
    for _ in range(8):
        Delivery.objects.update(next_try_at=NOON)
        forward()
    assert "failed after" in caplog.text
    assert "/told-nowhere" not in caplog.text
    assert made.text[6:] not in caplog.text


def test_a_portal_without_webhooks_has_nothing_to_forward() -> None:
    sealed(called())
    assert (deliveries.has_work(), forward()) == (False, 0)


def test_one_that_is_behind_is_wanted(made: Secret) -> None:
    assert not deliveries.has_work()
    sealed(called())
    assert deliveries.has_work()


def test_destinations_are_never_changed_unseen(made: Secret) -> None:
    assert Webhook.objects.get().snapshot()["generation"] == 1


def test_a_receiver_that_is_repaired_is_asked_at_once_by_hand(made: Secret, receiver: Receiver) -> None:
    """However long it had asked to be left alone for: by a test, by a failed delivery and by going on."""

    def pause_and_resume() -> None:
        destinations.pause(shell(), made.webhook)
        destinations.resume(shell(), made.webhook)

    def send_again() -> None:
        destinations.retry(shell(), destinations.failed_deliveries().get())

    dead = Delivery.objects.create(
        webhook=made.webhook, checkpoint=99, rows=1, attempts=8, next_try_at=None, given_up_at=NOON
    )
    acts = (pause_and_resume, lambda: destinations.test(shell(), made.webhook), send_again)
    for number, act in enumerate(acts):
        moment = NOON + number * 3 * DAY
        with at(moment):
            sealed(called(at=moment))
        receiver.statuses, receiver.headers = [503], {"Retry-After": "86400"}
        forward(moment)
        receiver.statuses, receiver.headers = [200], {}
        before = len(receiver.received)
        assert forward(moment + MINUTE) == 0, "it is left alone"
        with at(moment + MINUTE):
            act()
        forward(moment + MINUTE + 5 * SECOND)
        assert len(receiver.received) > before, act
        waiting = Delivery.objects.filter(delivered_at=None, given_up_at=None)
        assert not waiting.exists(), "what had to wait has arrived"
    dead.refresh_from_db()
    assert dead.next_try_at is None, "it was tried"


def test_what_is_under_way_is_not_sent_twice_by_hand(made: Secret, receiver: Receiver) -> None:
    for number, given_up in enumerate((None, NOON), start=97):
        Delivery.objects.create(
            webhook=made.webhook,
            checkpoint=number,
            rows=1,
            attempts=1,
            next_try_at=NOON + MAX_CLAIM,
            given_up_at=given_up,
        )
    QuerySet(Webhook).update(not_before=NOON + HOUR)
    with at(NOON):
        destinations.retry(shell(), destinations.failed_deliveries().get())
    assert {one.next_try_at for one in Delivery.objects.all()} == {NOON + MAX_CLAIM}
