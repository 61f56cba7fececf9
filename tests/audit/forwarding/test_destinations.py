"""What can be done to a webhook and to a failed delivery: by an admin of every app, and on record."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from agents.models import App
from audit.actors import Actor, shell
from audit.forwarding import destinations
from audit.forwarding.destinations import create
from audit.forwarding.webhooks import Secret
from audit.integrity.sealing import sealer
from audit.models import Delivery, Event, StreamCursor, Webhook
from core.errors import Invalid, NotAllowed, NotFound
from portal.models import User
from tests.audit.records import NOON, called

Acting = Callable[[User, App | None], Actor]
pytestmark = pytest.mark.django_db
URL = "https://siem.example.com/hook"
VERBS: dict[str, Callable[[Actor, Webhook], Any]] = {
    "webhook.pause": destinations.pause,
    "webhook.resume": destinations.resume,
    "webhook.rotate": destinations.rotate,
    "webhook.delete": destinations.delete,
    "webhook.test": destinations.test,
}


def made(**choices: Any) -> Secret:
    return create(shell(), **{"name": "siem", "url": URL, **choices})


@pytest.fixture
def webhook() -> Webhook:
    return made().webhook


@pytest.fixture
def failed_delivery(webhook: Webhook) -> Delivery:
    return Delivery.objects.create(
        webhook=webhook, checkpoint=7, rows=3, attempts=8, next_try_at=None, given_up_at=NOON
    )


def last_event() -> Event:
    return Event.objects.order_by("id")[Event.objects.count() - 1]


# ── webhooks ────────────────────────────────────────────────────────────────────────────────────


def test_a_new_one_has_a_secret_of_32_bytes() -> None:
    assert len(base64.b64decode(made().text.removeprefix("whsec_"))) == 32


def test_its_secret_is_in_no_column_and_in_no_event() -> None:
    secret = made().text
    kept = [str(vars(row)) for model in (Webhook, Event) for row in model.objects.all()]
    assert not any(secret[6:] in text for text in kept)


def test_its_secret_does_not_show_itself_by_accident() -> None:
    secret = made()
    assert secret.text not in repr(secret)


def test_two_have_two_secrets() -> None:
    assert made().text != made(name="other").text


def test_a_new_one_begins_at_what_is_newest() -> None:
    called(), sealer.seal_all()
    assert StreamCursor.objects.get(name=str(made().webhook.pk)).number == 1


def test_its_making_is_on_record() -> None:
    made()
    event = Event.objects.get(action="webhook.create")
    assert (event.target_kind, event.target_label, event.changes["url"]) == (
        "webhook",
        "siem",
        [None, URL],
    )


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"url": "http://siem.example.com"}, "url"),
        ({"sends": "nothing"}, "sends"),
    ],
)
def test_a_wrong_value_makes_none(choices: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        made(**choices)
    assert (refused.value.field, Webhook.objects.count()) == (field, 0)


def test_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "MAX_WEBHOOKS", 1)
    ended = made().webhook
    with pytest.raises(Invalid, match="limit reached"):
        made()
    destinations.delete(shell(), ended)
    assert made().webhook.pk


def test_pausing_twice_is_one_act(webhook: Webhook) -> None:
    for _ in range(2):
        destinations.pause(shell(), webhook)
    assert Event.objects.filter(action="webhook.pause").count() == 1


def test_a_resumed_one_is_tried_at_once(webhook: Webhook) -> None:
    destinations.pause(shell(), webhook)
    destinations.resume(shell(), webhook)
    assert webhook.paused_at is None


def test_a_rotated_one_has_another_secret(webhook: Webhook) -> None:
    first = destinations.rotate(shell(), webhook)
    assert first.text != destinations.rotate(shell(), webhook).text


def test_an_ended_one_discards_what_had_not_arrived(failed_delivery: Delivery) -> None:
    destinations.delete(shell(), failed_delivery.webhook)
    assert not destinations.failed_deliveries().exists()


@pytest.mark.parametrize("verb", [name for name in VERBS if name != "webhook.delete"])
def test_nothing_can_be_done_to_an_ended_one(webhook: Webhook, verb: str) -> None:
    destinations.delete(shell(), webhook)
    with pytest.raises(NotFound):
        VERBS[verb](shell(), webhook)


@pytest.mark.parametrize("verb", VERBS)
def test_an_admin_of_every_app_may_and_it_is_on_record(
    webhook: Webhook, verb: str, admin: User, acting: Acting
) -> None:
    if verb == "webhook.resume":
        destinations.pause(shell(), webhook)
    VERBS[verb](acting(admin, None), webhook)
    event = last_event()
    assert (event.action, event.actor_id, event.app_id) == (verb, str(admin.pk), None)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["developer", "support"])
def test_others_may_not(
    webhook: Webhook, verb: str, who: str, acting: Acting, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed):
        VERBS[verb](acting(request.getfixturevalue(who), None), webhook)


@pytest.mark.parametrize("verb", [name for name in VERBS if name != "webhook.test"])
def test_an_admin_of_one_app_may_not(
    webhook: Webhook, verb: str, outsider: User, other_app: App, acting: Acting
) -> None:
    with pytest.raises(NotFound):
        VERBS[verb](acting(outsider, other_app), webhook)


# ── failed deliveries ────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_delivery_that_is_tried_again_is_due_now(failed_delivery: Delivery) -> None:
    destinations.retry(shell(), failed_delivery)
    failed_delivery.refresh_from_db()
    assert failed_delivery.next_try_at


def test_a_discarded_one_is_no_failed_delivery_any_more(failed_delivery: Delivery) -> None:
    destinations.discard(shell(), failed_delivery, "they have it")
    assert not destinations.failed_deliveries().exists()


@pytest.mark.parametrize(
    ("verb", "name"), [(destinations.retry, "delivery.retry"), (destinations.discard, "delivery.discard")]
)
def test_either_is_on_record(failed_delivery: Delivery, verb: Any, name: str) -> None:
    verb(shell(), failed_delivery)
    event = last_event()
    assert (event.action, event.target_label, event.facts) == (
        name,
        "checkpoint 7 to siem",
        {"rows": 3, "attempts": 8},
    )


@pytest.mark.parametrize("verb", [destinations.retry, destinations.discard])
def test_a_developer_may_do_neither(
    failed_delivery: Delivery, verb: Any, developer: User, acting: Acting
) -> None:
    with pytest.raises(NotAllowed):
        verb(acting(developer, None), failed_delivery)


def test_a_test_is_not_a_failed_delivery(webhook: Webhook) -> None:
    destinations.test(shell(), webhook)
    assert not destinations.failed_deliveries().exists()


def test_a_second_test_takes_the_place_of_the_first(webhook: Webhook) -> None:
    destinations.test(shell(), webhook), destinations.test(shell(), webhook)
    assert Delivery.objects.count() == 1
