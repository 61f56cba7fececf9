"""How long the record is kept, where it is sent, and what did not arrive there."""

import pytest

from agents.models import App
from audit.actors import shell
from audit.forwarding import destinations, webhooks
from audit.models import Delivery, Event, Webhook
from audit.retention import policy
from core.clock import now
from portal.models import User
from tests.api.conftest import Of
from tests.api.lines import NONE
from tests.api.program import Program, error, fields, last_act, named

SIEM = {"name": "siem", "url": "https://siem.example.com/in", "sends": "events"}


@pytest.fixture
def webhook(db: None) -> Webhook:
    return destinations.create(shell(), name="lake", url="https://lake.example.com/in").webhook


def letter(webhook: Webhook, checkpoint: int = 1) -> Delivery:
    return Delivery.objects.create(webhook=webhook, checkpoint=checkpoint, rows=1, given_up_at=now())


# ── how long ────────────────────────────────────────────────────────────────────────────────────────


def test_how_long_is_read_and_said(by_admin: Program) -> None:
    told = {item["kind"]: item["days"] for item in by_admin.get("/retention").json()["items"]}
    assert told == {"event": None, "call": 365, "span": 30}
    answer = by_admin.patch("/retention/call", {"days": 400, "reason": "As agreed."})
    assert (answer.json()["days"], last_act().action, last_act().reason) == (
        400,
        "audit.retain",
        "As agreed.",
    )
    assert by_admin.patch("/retention/call", {"days": None}).json()["days"] is None


def test_a_time_that_is_too_short_or_of_nothing_is_refused(by_admin: Program) -> None:
    answer = by_admin.patch("/retention/event", {"days": 1})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["days"])
    assert fields(by_admin.patch("/retention/event", {})) == ["days"]
    assert error(by_admin.patch("/retention/odd", {"days": 400})) == (404, "not_found")
    assert policy.in_force()[0].days is None


# ── webhooks ────────────────────────────────────────────────────────────────────────────────────


def test_a_secret_is_answered_once_and_signs(by_admin: Program) -> None:
    first = by_admin.post("/webhooks", SIEM, Idempotency_Key="siem-1")
    again = by_admin.post("/webhooks", SIEM, Idempotency_Key="siem-1")
    assert (first.status_code, again.status_code, again.json()["secret"]) == (201, 200, None)
    made, secret = Webhook.objects.get(), first.json()["secret"]
    assert secret == webhooks.secret(made)
    for path in ("/webhooks", f"/webhooks/{made.id}", "/notifications"):
        assert secret not in by_admin.get(path).content.decode()
    assert not any(secret in str(vars(event)) for event in Event.objects.all())


def test_whoever_sends_the_log_somewhere_must_be_let_export_it(admin: User, of: Of) -> None:
    narrow = of(admin, "dashboard_audit:write")
    answer = narrow.post("/webhooks", SIEM)
    assert (error(answer), answer.json()["needs"]) == ((403, "forbidden"), "dashboard_audit:export")
    assert not Webhook.objects.exists()


def test_a_webhook_of_an_app_is_of_one_that_is_there(app: App, by_admin: Program) -> None:
    assert by_admin.post("/webhooks", SIEM | {"app_id": str(app.id)}).json()["app_id"] == str(app.id)
    assert fields(by_admin.post("/webhooks", SIEM | {"app_id": NONE})) == ["app_id"]
    assert fields(by_admin.post("/webhooks", SIEM | {"url": "ftp://siem.example.com"})) == ["url"]
    assert fields(by_admin.post("/webhooks", SIEM | {"name": " siem"})) == ["name"]


def test_it_is_paused_resumed_tested_rotated_and_ended(webhook: Webhook, by_admin: Program) -> None:
    there = f"/webhooks/{webhook.id}"
    assert by_admin.post(f"{there}/pause", {"reason": "Moving."}).json()["state"] == "paused"
    assert last_act().reason == "Moving."
    assert by_admin.post(f"{there}/resume").json()["state"] == "up to date"
    assert by_admin.post(f"{there}/test").json()["is_test"]
    assert [item["is_test"] for item in by_admin.get(f"{there}/deliveries").json()["items"]] == [True]
    before = webhooks.secret(webhook)
    rotated = by_admin.post(f"{there}/rotate").json()
    assert (rotated["secret_version"], rotated["secret"] == before) == (2, False)
    assert by_admin.post(f"{there}/delete", {"reason": "Gone."}).json()["state"] == "deleted"
    assert error(by_admin.get(there)) == (404, "not_found")
    assert named(by_admin.get("/webhooks")) == []


# ── what did not arrive ─────────────────────────────────────────────────────────────────────────────


def test_a_failed_delivery_is_sent_again_or_never(webhook: Webhook, by_admin: Program) -> None:
    first, second = letter(webhook), letter(webhook, 2)
    listed = by_admin.get("/failed-deliveries").json()
    assert (listed["total"], {item["id"] for item in listed["items"]}) == (2, {str(first.id), str(second.id)})
    assert by_admin.post(f"/failed-deliveries/{first.id}/retry").json()["next_attempt_at"]
    assert last_act().action == "delivery.retry"
    body = by_admin.post(f"/failed-deliveries/{second.id}/discard", {"reason": "Old."}).json()
    assert body["discarded_at"] and last_act().reason == "Old."
    assert error(by_admin.post(f"/failed-deliveries/{second.id}/retry")) == (404, "not_found")


def test_all_of_them_at_once(webhook: Webhook, by_admin: Program) -> None:
    for checkpoint in (1, 2, 3):
        letter(webhook, checkpoint)
    assert by_admin.post("/failed-deliveries/retry").json() == {"deliveries": 3}
    assert by_admin.post("/failed-deliveries/discard", {"reason": "All old."}).json() == {"deliveries": 3}
    assert by_admin.get("/failed-deliveries").json()["items"] == []
    assert Event.objects.filter(action="delivery.discard", reason="All old.").count() == 3
