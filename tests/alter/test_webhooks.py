"""`alter webhooks`: made, paused, tested, deleted; failed deliveries sent again or dropped."""

from collections.abc import Callable

import pytest

from agents.models import App
from alter.portal_columns import DELIVERY, WEBHOOK, WEBHOOK_SECRET
from audit.models import Delivery, Webhook
from core.clock import now
from portal.models import User
from tests.alter.running import Said, alter

pytestmark = pytest.mark.usefixtures("signed_in")
CREATE = ("create", "--name", "siem", "--url", "https://siem.example.com/in")


def webhooks(*words: str) -> Said:
    return alter("webhooks", *words)


@pytest.fixture
def webhook() -> str:
    return str(webhooks(*CREATE).json["id"])


@pytest.fixture
def failed(webhook: str) -> list[Delivery]:
    return [
        Delivery.objects.create(webhook_id=webhook, checkpoint=number, rows=1, given_up_at=now())
        for number in (1, 2, 3)
    ]


def test_a_webhook_is_made_and_its_secret_is_shown_once(app: App) -> None:
    said = webhooks(*CREATE, "--sends", "denied", "--only-app")
    assert (list(said.json), said.json["app_id"]) == (list(WEBHOOK_SECRET.fields), str(app.id))
    assert (said.json["secret"][:6], said.err) == (
        "whsec_",
        "The signing secret is shown only once. Store it now.\n",
    )
    shown = webhooks("show", said.json["id"])
    assert (list(shown.json), said.json["secret"] in shown.out) == (list(WEBHOOK.fields), False)


def test_without_only_app_it_receives_the_entries_of_all_apps() -> None:
    assert webhooks(*CREATE).json["app_id"] is None


def test_a_webhook_is_paused_resumed_and_tested(webhook: str) -> None:
    assert webhooks("pause", webhook, "--reason", "Moving").json["state"] == "paused"
    assert webhooks("resume", webhook).json["paused_at"] is None
    said = webhooks("test", webhook)
    assert (said.json["is_test"], f"alter webhooks deliveries {webhook}" in said.err) == (True, True)
    (row,) = webhooks("deliveries", webhook, "--output", "json").json
    assert (list(row), row["id"]) == (list(DELIVERY.fields), said.json["id"])


@pytest.mark.parametrize("verb", ["rotate", "delete"])
def test_what_is_final_wants_a_yes(verb: str, webhook: str) -> None:
    said = webhooks(verb, webhook)
    assert (said.code, "Use --yes to confirm." in said.err) == (2, True)
    assert Webhook.objects.get(id=webhook).deleted_at is None


def test_a_secret_is_replaced_and_a_webhook_deleted(webhook: str) -> None:
    said = webhooks("rotate", webhook, "--yes", "--output", "table")
    assert said.out.splitlines()[-1].startswith("whsec_")
    assert webhooks("delete", webhook, "--yes").json["state"] == "deleted"
    assert webhooks("list").err == "No webhooks.\n"


def test_failed_deliveries_are_a_table(failed: list[Delivery]) -> None:
    lines = webhooks("failed", "--limit", "2")
    assert lines.out.splitlines()[0].split() == ["ID", "STATE", "ENTRIES", "ATTEMPTS", "ERROR"]
    assert lines.err == "2 of 3. Next page: --offset 2. All: --all\n"


def test_failed_deliveries_are_sent_again_one_or_all(failed: list[Delivery]) -> None:
    assert webhooks("retry", str(failed[0].id)).json["next_attempt_at"]
    assert webhooks("retry", "--all").json == {"deliveries": 3}
    assert webhooks("retry").code == webhooks("retry", str(failed[0].id), "--all").code == 2


def test_failed_deliveries_are_dropped_after_a_yes(failed: list[Delivery]) -> None:
    assert webhooks("discard", "--all").code == 2
    assert webhooks("discard", str(failed[0].id), "--yes", "--reason", "Old").json["discarded_at"]
    assert webhooks("discard", "--all", "--yes").json == {"deliveries": 2}


def test_that_there_may_be_more_is_said(failed: list[Delivery], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alter.webhooks.MAX_DELIVERIES", 3)
    assert "For more, run this again" in webhooks("discard", "--all", "--yes").err


def test_whoever_has_a_role_in_one_app_is_refused(
    developer: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALTER_PAT", token_of(developer))
    assert [
        alter(*words).code for words in (("webhooks", "list"), ("users", "list"), ("policy", "show"))
    ] == [7] * 3
