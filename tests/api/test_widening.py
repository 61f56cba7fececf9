"""POST …/widen and …/ask: a key is given more, and whoever answers for one is asked."""

from datetime import timedelta
from typing import Any

import pytest

from agents.models import App
from audit.models import Event
from core.clock import now
from keys.models import ApiKey
from portal.models import Notification, User
from tests.api.conftest import Of
from tests.api.program import Program, error, fields, last_act
from tests.factories import minted
from tests.keys.asking import again

WHY = {"reason": "It reports, too."}


@pytest.fixture
def key(app: App) -> ApiKey:
    choices: dict[str, Any] = {"rate_limit_rpm": 10, "expires_at": now() + timedelta(days=30)}
    return minted(app, **choices).key


def widen(program: Program, key: ApiKey, **wish: Any) -> Any:
    return program.post(f"/apps/{key.app_id}/keys/{key.id}/widen", WHY | wish)


def test_what_is_sent_is_given_and_the_rest_stays(key: ApiKey, by_developer: Program) -> None:
    answer = widen(by_developer, key, scopes=["grants:read", "usage:read"])
    assert answer.json()["scopes"] == ["grants:read", "usage:read"]
    after = again(key)
    assert (after.rate_limit_rpm, after.expires_at) == (10, key.expires_at)
    act = last_act()
    assert (act.action, act.reason, list(act.changes)) == ("key.widen", WHY["reason"], ["scopes"])


def test_null_takes_a_limit_away(key: ApiKey, by_developer: Program) -> None:
    answer = widen(by_developer, key, rate_limit_rpm=None, expires_at=None)
    assert (answer.json()["rate_limit_rpm"], answer.json()["expires_at"]) == (None, None)


def test_the_open_list_is_for_every_address(app: App, by_developer: Program) -> None:
    made = by_developer.post(
        f"/apps/{app.id}/keys",
        {"name": "till", "scopes": ["grants:read"], "cidr_allowlist": ["203.0.113.0/24"]},
    ).json()
    key = ApiKey.objects.get(id=made["id"])
    assert error(widen(by_developer, key, cidr_allowlist=["198.51.100.0/24"])) == (422, "not_wider")
    assert widen(by_developer, key, cidr_allowlist=[]).json()["cidr_allowlist"] is None


def test_nothing_is_taken_away(key: ApiKey, by_developer: Program) -> None:
    for wish in ({"scopes": ["usage:read"]}, {"rate_limit_rpm": 9}, {"cidr_allowlist": ["203.0.113.0/24"]}):
        answer = widen(by_developer, key, **wish)
        assert (error(answer), fields(answer)) == ((422, "not_wider"), list(wish)), wish
    assert again(key).scopes == ["grants:read"]


def test_a_reason_is_needed(key: ApiKey, by_developer: Program) -> None:
    for wrong in ({"reason": ""}, {"reason": "  "}):
        assert fields(widen(by_developer, key, **wrong)) == ["reason"]
    answer = by_developer.post(f"/apps/{key.app_id}/keys/{key.id}/widen", {"rate_limit_rpm": 20})
    assert fields(answer) == ["reason"]


def test_nobody_gives_a_key_what_manages_agents_without_holding_it(
    key: ApiKey, developer: User, of: Of
) -> None:
    answer = widen(of(developer, "dashboard_keys:write"), key, scopes=["grants:read", "agents:write"])
    assert error(answer) == (403, "not_yours_to_give")


def test_a_revoked_key_stays_as_it_is(key: ApiKey, by_admin: Program) -> None:
    by_admin.post(f"/apps/{key.app_id}/keys/{key.id}/revoke")
    assert error(widen(by_admin, key, rate_limit_rpm=20)) == (409, "key_revoked")


def test_whoever_answers_for_a_key_is_asked_three_times_a_day(app: App, by_developer: Program) -> None:
    wish = {"name": "till", "scopes": ["grants:read"]}
    made = by_developer.post(f"/apps/{app.id}/keys", wish).json()
    there, before = f"/apps/{app.id}/keys/{made['id']}/ask", Notification.objects.count()
    answers = [by_developer.post(there, {"message": "Is this yours?"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert Notification.objects.count() - before == sum(
        answer.json()["owners_notified"] for answer in answers[:3]
    )
    assert Event.objects.filter(action="key.ask", reason="Is this yours?").count() == 3
