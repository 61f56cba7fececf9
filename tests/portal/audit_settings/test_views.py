"""The pages of the record as a whole: for admins of every app, and the signing secret once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agents.models import App
from audit.actions import Action
from audit.actors import shell
from audit.change import record
from audit.forwarding import destinations
from audit.integrity.sealing import sealer
from audit.models import Checkpoint, Delivery, Event, Webhook
from audit.retention import policy
from portal.models import Role, User
from tests.audit.reading import text
from tests.audit.records import NOON, called
from tests.factories import member
from tests.portal.routes import address

SignedIn = Callable[[User], Client]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")
FORM = {"once": "1", "name": "siem", "url": "https://siem.example.com/hook", "sends": "everything", "app": ""}


@pytest.fixture
def window(admin: User, signed_in: SignedIn) -> Client:
    return signed_in(admin)


@pytest.fixture
def webhook(db: None) -> Webhook:
    return destinations.create(shell(), name="siem", url=FORM["url"]).webhook


@pytest.fixture
def failed_delivery(webhook: Webhook) -> Delivery:
    return Delivery.objects.create(
        webhook=webhook,
        checkpoint=7,
        rows=3,
        attempts=8,
        next_try_at=None,
        given_up_at=NOON,
        last_error="HTTP status 500.",
    )


def of(name: str, webhook: Webhook) -> str:
    return reverse(name, args=[webhook.pk])


# ── who may ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_of_every_app_finds_it_in_the_menu(window: Client) -> None:
    assert f'href="{reverse("audit-settings")}"' in window.get("/").content.decode()


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.SUPPORT, Role.ADMIN])
def test_a_role_on_one_app_does_not_open_it(app: App, signed_in: SignedIn, role: str) -> None:
    window = signed_in(member(role, app))
    assert window.get(reverse("audit-settings")).status_code == 403
    assert (
        f'href="{reverse("audit-settings")}"'
        not in window.get(address("keys", app_id=app.id)).content.decode()
    )


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.SUPPORT])
def test_nor_does_a_lesser_role_on_every_app(db: None, signed_in: SignedIn, role: str) -> None:
    assert signed_in(member(role, None)).get(reverse("audit-settings")).status_code == 403


# ── how it stands ───────────────────────────────────────────────────────────────────────────────────


def test_the_page_says_how_far_the_record_is_sealed(window: Client) -> None:
    called(), sealer.seal_all(), called()
    page = text(window.get(reverse("audit-settings")))
    assert f"Verified up to Checkpoint {Checkpoint.objects.count()}" in page
    assert "Pending 1 entry" in page


def test_it_says_how_long_rows_are_kept(window: Client) -> None:
    page = text(window.get(reverse("audit-settings")))
    assert "Indefinitely" in page
    assert "365 days" in page


def test_it_names_what_the_settings_hand_on_to(window: Client, settings: Settings) -> None:
    settings.FORWARD_SYSLOG = "udp://siem.example.com:514"
    assert "udp://siem.example.com:514" in text(window.get(reverse("audit-settings")))


def test_a_webhook_stands_there_with_its_state(window: Client, failed_delivery: Delivery) -> None:
    page = window.get(reverse("audit-settings"))
    (status,) = page.context["webhooks"]
    assert (status.state, status.failed, status.pending) == ("up to date", 1, 0)


def test_one_that_fails_says_so(window: Client, webhook: Webhook) -> None:
    Delivery.objects.create(webhook=webhook, checkpoint=7, rows=3, attempts=2, last_error="HTTP status 500.")
    assert window.get(reverse("audit-settings")).context["webhooks"][0].state == "failing"
    assert "HTTP status 500." in text(window.get(of("webhook", webhook)))


def test_what_was_done_here_stands_there(window: Client, webhook: Webhook) -> None:
    assert "Created webhook siem" in text(window.get(reverse("audit-settings")))


# ── how long ────────────────────────────────────────────────────────────────────────────────────────


def test_calls_can_be_kept_for_less(window: Client, admin: User) -> None:
    answer = window.post(
        reverse("audit-settings-retention", args=["call"]), {"days": "90", "reason": "our policy"}
    )
    assert (answer.status_code, answer["Location"]) == (302, reverse("audit-settings"))
    assert [kept.days for kept in policy.in_force()] == [None, 90, 30]
    assert Event.objects.get(action="audit.retain").actor_id == str(admin.pk)


def test_nothing_written_is_for_ever(window: Client) -> None:
    window.post(reverse("audit-settings-retention", args=["call"]), {"days": "", "reason": ""})
    assert [kept.days for kept in policy.in_force()] == [None, None, 30]


@pytest.mark.parametrize("days", ["6", "0", "-1", "many", "1.5", "9" * 30, "36501", "٣٠٠٠٠٠٠"])
def test_a_wrong_number_is_said_at_the_field(window: Client, days: str) -> None:
    answer = window.post(reverse("audit-settings-retention", args=["call"]), {"days": days})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["days"])


def test_nothing_else_is_kept(window: Client) -> None:
    assert window.get(reverse("audit-settings-retention", args=["key"])).status_code == 404


# ── webhooks ────────────────────────────────────────────────────────────────────────────────────


def test_a_good_form_is_answered_with_the_secret(window: Client) -> None:
    answer = window.post(reverse("webhook-create"), FORM)
    assert answer.status_code == 200
    assert SECRET.search(answer.content.decode())


def test_the_answer_is_kept_nowhere(window: Client) -> None:
    answer = window.post(reverse("webhook-create"), FORM)
    assert answer["Cache-Control"] == "no-store"
    assert answer.cookies["revealed"]["httponly"]
    assert not SECRET.search(str(dict(window.session)))


def test_no_other_page_shows_it(window: Client) -> None:
    window.post(reverse("webhook-create"), FORM)
    there = of("webhook", Webhook.objects.get())
    assert not any(
        SECRET.search(window.get(page).content.decode()) for page in (reverse("audit-settings"), there)
    )


def test_it_can_be_for_one_app(window: Client, app: App) -> None:
    window.post(reverse("webhook-create"), {**FORM, "app": str(app.id)})
    webhook = Webhook.objects.get()
    assert webhook.app_id == app.id
    assert "App: checkout" in text(window.get(of("webhook", webhook)))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "x" * 10_000}, "url"),
        ({"sends": "all"}, "sends"),
        ({"app": "checkout"}, "app"),
    ],
)
def test_a_wrong_value_is_said_at_its_field(window: Client, changed: dict[str, str], field: str) -> None:
    answer = window.post(reverse("webhook-create"), {**FORM, **changed})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("verb", ["pause", "test"])
def test_a_button_does_what_it_says_and_leads_back(window: Client, webhook: Webhook, verb: str) -> None:
    answer = window.post(of(f"webhook-{verb}", webhook))
    assert answer["Location"] == of("webhook", webhook)
    assert Event.objects.filter(action=f"webhook.{verb}").exists()


def test_a_paused_one_can_be_resumed(window: Client, webhook: Webhook) -> None:
    window.post(of("webhook-pause", webhook))
    assert "Resume" in text(window.get(of("webhook", webhook)))
    window.post(of("webhook-resume", webhook))
    webhook.refresh_from_db()
    assert webhook.paused_at is None


@pytest.mark.parametrize("verb", ["pause", "resume", "test"])
def test_a_button_asked_by_get_leads_to_the_webhook(window: Client, webhook: Webhook, verb: str) -> None:
    assert window.get(of(f"webhook-{verb}", webhook))["Location"] == of("webhook", webhook)
    assert not Event.objects.filter(action=f"webhook.{verb}").exists()


def test_the_address_above_webhooks_leads_to_their_list(window: Client) -> None:
    assert window.get(reverse("webhooks"))["Location"] == f"{reverse('audit-settings')}#webhooks-h"


def test_events_from_before_the_new_names_are_still_told(window: Client) -> None:
    former = Action("destination.create", "", "created")
    record(shell(), former, target_kind="destination", target_label="old-siem")
    assert "Created webhook old-siem" in text(window.get(reverse("audit-settings")))
    assert "old-siem" in text(window.get(f"{reverse('portal-log')}?action=webhook.create"))


def test_rotating_asks_first_and_shows_another_secret(window: Client, webhook: Webhook) -> None:
    there = of("webhook-rotate", webhook)
    assert "Rotate the signing secret of siem?" in text(window.get(there))
    form = {"reason": "left in a log", "once": "1"}
    answer = window.post(there, form)
    assert SECRET.search(answer.content.decode())
    assert Event.objects.get(action="webhook.rotate").reason == "left in a log"
    again = window.post(there, form)
    assert (again.status_code, "Form already submitted: the secret was rotated" in text(again)) == (409, True)
    assert Event.objects.filter(action="webhook.rotate").count() == 1


def test_a_form_that_is_sent_twice_creates_one_webhook(window: Client) -> None:
    answers = [window.post(reverse("webhook-create"), FORM) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert "Form already submitted: one webhook was created" in text(answers[1])
    assert Webhook.objects.count() == 1


def test_ending_asks_first_and_is_final(window: Client, webhook: Webhook) -> None:
    there = of("webhook-delete", webhook)
    assert "Delete webhook siem?" in text(window.get(there))
    window.post(there, {"reason": "not used"})
    assert window.get(of("webhook", webhook)).status_code == 404


# ── failed deliveries ────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_delivery_says_why(window: Client, failed_delivery: Delivery) -> None:
    page = text(window.get(reverse("failed-deliveries")))
    assert "Checkpoint 7" in page
    assert "HTTP status 500." in page


def test_without_any_the_page_says_so(window: Client) -> None:
    assert "No failed deliveries" in text(window.get(reverse("failed-deliveries")))


def test_failed_deliveries_are_searched(window: Client, failed_delivery: Delivery) -> None:
    for q, count in {"SIEM": 1, "status 500": 1, "other": 0}.items():
        page = window.get(reverse("failed-deliveries"), {"q": q})
        assert page.context["list"].total == count, q


@pytest.mark.parametrize("name", ["failed-delivery-retry", "failed-deliveries-retry"])
def test_one_or_all_are_sent_again(window: Client, failed_delivery: Delivery, name: str) -> None:
    known: dict[str, Any] = {"delivery_id": failed_delivery.pk} if name == "failed-delivery-retry" else {}
    window.post(address(name, **known) if known else reverse(name))
    failed_delivery.refresh_from_db()
    assert failed_delivery.next_try_at


@pytest.mark.parametrize("name", ["failed-delivery-discard", "failed-deliveries-discard"])
def test_one_or_all_are_discarded_after_a_question(
    window: Client, failed_delivery: Delivery, name: str
) -> None:
    there = reverse(name, args=[failed_delivery.pk] if name == "failed-delivery-discard" else [])
    page = window.get(there)
    assert f'action="{there}"' in page.content.decode()
    window.post(there, {"reason": "they have it"})
    assert not destinations.failed_deliveries().exists()


def test_a_delivery_that_arrived_is_no_failed_delivery(window: Client, failed_delivery: Delivery) -> None:
    Delivery.objects.update(delivered_at=NOON)
    assert window.post(reverse("failed-delivery-retry", args=[failed_delivery.pk])).status_code == 404
