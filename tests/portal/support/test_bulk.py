"""Several keys of an app at once: previewed, changed one by one, with a receipt; or exported."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from keys import lifecycle
from keys.models import ApiKey
from portal.models import User
from portal.support import bulk, key_export
from tests.factories import minted
from tests.keys.asking import again
from tests.portal.pages import text

SignIn = Callable[[User], Client]


@pytest.fixture
def admins(admin: User, signed_in: SignIn) -> Client:
    return signed_in(admin)


@pytest.fixture
def developers(developer: User, signed_in: SignIn) -> Client:
    return signed_in(developer)


def pair(app: App) -> list[ApiKey]:
    return [minted(app, name=name).key for name in ("one", "two")]


def send(browser: Client, app: App, action: str, keys: list[ApiKey], **form: Any) -> Any:
    there, ids = reverse("keys-bulk", args=[app.id]), [str(key.id) for key in keys]
    return browser.post(there, {"action": action, "id": ids, **form})


def test_the_preview_changes_nothing(app: App, admins: Client) -> None:
    one, two = pair(app)
    page = text(admins.get(reverse("keys-bulk", args=[app.id]), {"action": "revoke", "id": str(one.id)}))
    assert "Revoke 1 key" in page and "one" in page and two.prefix not in page
    assert not again(one).revoked_at


def test_several_are_revoked_with_a_receipt(app: App, admins: Client) -> None:
    keys = pair(app)
    answer = send(admins, app, "revoke", keys, reason="clean-up", ticket="T-1")
    event = Event.objects.get(action="desk.revoke")
    assert answer["Location"] == reverse("receipt", args=[event.id])
    assert [bool(again(key).revoked_at) for key in keys] == [True, True]
    assert Event.objects.filter(action="key.revoke", cause_id=event.id).count() == 2
    assert "2 keys revoked" in text(admins.get(answer["Location"]))


def test_revoking_needs_a_reason(app: App, admins: Client) -> None:
    key = minted(app).key
    assert send(admins, app, "revoke", [key]).status_code == 422
    assert not again(key).revoked_at


def test_a_developer_revokes_only_own_ones(app: App, developer: User, developers: Client) -> None:
    own, foreign = pair(app)
    lifecycle.hand_over(shell(), own, developer.pk, developer.label)
    there = reverse("keys-bulk", args=[app.id])
    page = text(developers.get(there, {"action": "revoke", "id": [str(own.id), str(foreign.id)]}))
    assert "Revoke 1 key" in page and "1 key skipped" in page
    send(developers, app, "revoke", [own, foreign], reason="clean-up")
    assert (bool(again(own).revoked_at), bool(again(foreign).revoked_at)) == (True, False)


def test_a_developer_deprecates_any(app: App, developers: Client) -> None:
    keys = pair(app)
    answer = send(developers, app, "deprecate", keys)
    assert [again(key).status for key in keys] == ["deprecated", "deprecated"]
    assert developers.get(answer["Location"]).status_code == 200


def test_keys_are_transferred_to_a_user_of_the_app(
    app: App, developer: User, outsider: User, admins: Client
) -> None:
    keys = pair(app)
    assert send(admins, app, "transfer", keys, new_owner=outsider.pk).status_code == 422
    assert send(admins, app, "transfer", keys, new_owner=developer.pk).status_code == 302
    assert {again(key).owner_id for key in keys} == {developer.pk}


def test_one_that_cannot_be_changed_stays_and_is_named(app: App, agent: Agent, admins: Client) -> None:
    last, other = minted(app, agent=agent, name="last").key, minted(app).key
    answer = send(admins, app, "revoke", [last, other], reason="clean-up")
    assert (bool(again(last).revoked_at), bool(again(other).revoked_at)) == (False, True)
    assert "1 failed: last" in text(admins.get(answer["Location"]))


def test_all_that_match_the_filters(app: App, admins: Client) -> None:
    one, two = pair(app)
    admins.post(reverse("keys-bulk", args=[app.id]), {"action": "deprecate", "all": "1", "q": "one"})
    assert (again(one).status, again(two).status) == ("deprecated", "active")


def test_filters_that_cannot_be_read_select_nothing(app: App, admins: Client) -> None:
    key = minted(app).key
    form = {"action": "deprecate", "all": "1", "status": "sleeping"}
    assert admins.post(reverse("keys-bulk", args=[app.id]), form).status_code == 422
    assert again(key).status == "active"


@pytest.mark.parametrize(
    "query", [{}, {"action": "revoke"}, {"action": "revoke", "id": "x"}, {"action": "burn"}]
)
def test_what_selects_nothing_is_said(app: App, admins: Client, query: dict[str, str]) -> None:
    assert admins.get(reverse("keys-bulk", args=[app.id]), query).status_code == 422


def test_no_more_than_some_at_once(app: App, admins: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_KEYS", 1)
    assert send(admins, app, "deprecate", pair(app)).status_code == 422


def test_another_apps_keys_are_not_reached(app: App, other_app: App, admins: Client) -> None:
    strange = minted(other_app).key
    assert send(admins, app, "deprecate", [strange]).status_code == 422
    assert again(strange).status == "active"


def test_an_export_is_a_table_without_secrets_and_an_event(app: App, admins: Client) -> None:
    made = minted(app, name="=cmd")
    there = reverse("keys-bulk", args=[app.id])
    answer = admins.post(there, {"action": "export", "all": "1", "reason": "yearly review"})
    written = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(written))
    assert (row["id"], row["name"], row["scopes"]) == (str(made.key.id), "'=cmd", '["grants:read"]')
    assert made.plaintext.take() not in written
    event = Event.objects.get(action="desk.export")
    assert (event.app_id, event.facts["keys"], event.reason) == (app.id, 1, "yearly review")


def test_an_export_is_confirmed_first_for_the_same_filters(app: App, admins: Client) -> None:
    minted(app, name="one")
    answer = admins.get(reverse("keys-bulk", args=[app.id]), {"action": "export", "all": "1", "q": "one"})
    assert "Export 1 key" in text(answer)
    assert set(answer.context["query"]) == {("action", "export"), ("all", "1"), ("q", "one")}
    assert not Event.objects.filter(action="desk.export").exists()


def test_an_export_needs_what_an_export_of_the_log_needs(app: App, developers: Client) -> None:
    key = minted(app).key
    there = {"action": "export", "id": str(key.id)}
    page = reverse("keys-bulk", args=[app.id])
    assert [developers.get(page, there).status_code, developers.post(page, there).status_code] == [403, 403]
    assert "Export" not in text(developers.get(reverse("keys", args=[app.id])))


def test_an_export_is_bounded(app: App, admins: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_export, "MAX_EXPORTED", 1)
    assert send(admins, app, "export", pair(app)).status_code == 422
    assert not Event.objects.filter(action="desk.export").exists()


def test_nothing_that_changes_is_no_event(app: App, agent: Agent, admins: Client) -> None:
    last = minted(app, agent=agent, name="last").key
    answer = send(admins, app, "revoke", [last], reason="clean-up")
    assert "only active key" in text(answer)
    assert not Event.objects.filter(action="desk.revoke").exists()
