"""Receipts: what came of a revocation, read from the record, for those who may read it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, App
from audit.actors import Origin, shell
from audit.models import Event
from core.clock import now
from keys.lifecycle import derive, revoke, revoke_agent
from keys.models import ApiKey
from keys.web.receipts import receipt
from portal.models import User
from portal.support.bulk_actions import revoke_many
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.portal.pages import text
from tests.portal.routes import address
from tests.scopes import parse_scopes

READING = parse_scopes(["grants:read"])


def act_of(key: ApiKey) -> Any:
    return revoke(shell(), key, reason="Lost.", ticket="T-9")


def test_it_counts_what_ended_and_what_was_called_before(app: App) -> None:
    made = minted(app, scopes="grants:read,keys:derive")
    key, secret = opened(made)
    derive(shell(), key, scopes=READING, expires_in=timedelta(hours=1))
    for _ in range(3):
        ask(secret)
    found = receipt(act_of(key), {app.id})
    assert found
    assert (len(found.keys), found.derived, found.before, found.since) == (2, 1, 3, 0)
    assert (found.act.reason, found.ticket, found.first_refused) == ("Lost.", "T-9", None)


def test_the_first_refused_call_since_is_told(app: App) -> None:
    key, secret = opened(minted(app))
    act = act_of(key)
    for _ in range(2):
        ask(secret)
    found = receipt(act, {app.id})
    assert found
    assert found.since == 2
    assert found.first_refused
    assert found.first_refused.at > found.at


def test_an_agents_end_has_one(app: App, agent: Agent) -> None:
    for name in "ab":
        minted(app, agent=agent, name=name)
    act = revoke_agent(shell(), agent, reason="Gone.")
    assert act
    found = receipt(act, {app.id})
    assert found
    assert len(found.keys) == 2


def test_of_a_batch_each_sees_the_apps_they_may_read(app: App, other_app: App, admin: User) -> None:

    keys = [minted(one).key.id for one in (app, other_app)]
    batch = revoke_many(admin, Origin("page"), keys, reason="Leaked.")
    assert batch.event_id
    seen = [
        len(found.keys) if (found := receipt(batch.event_id, apps)) else 0
        for apps in ({app.id}, {other_app.id})
    ]
    assert seen == [1, 1]
    assert receipt(batch.event_id, set()) is None


def test_there_is_none_of_another_act(app: App) -> None:
    minted(app)
    assert receipt(Event.objects.get(action="key.mint").id, {app.id}) is None


def test_revoking_on_a_page_answers_with_it(app: App, support: User, signed_in: Any) -> None:
    key = minted(app, name="lost").key
    form = {"reason": "Lost.", "ticket": "T-3", "typed": ""}
    window = signed_in(support)
    answer = window.post(address("key-revoke", app_id=app.id, key_id=key.id), form)
    page = text(window.get(answer["Location"]))
    assert "1 key revoked" in page
    assert "T-3" in page


@pytest.mark.parametrize("who", ["outsider", "nobody"])
def test_a_stranger_sees_no_receipt(
    app: App, outsider: User, signed_in: Any, client: Client, who: str
) -> None:
    there = f"/receipts/{act_of(minted(app).key)}/"
    window = signed_in(outsider) if who == "outsider" else client
    assert window.get(there).status_code == (404 if who == "outsider" else 302)


def test_a_key_revoked_again_has_no_second_receipt(app: App) -> None:
    key = minted(app).key
    assert act_of(key) is not None
    assert act_of(key) is None
    assert Event.objects.filter(action="key.revoke", at__lte=now()).count() == 1
