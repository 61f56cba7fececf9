"""No limit grows by being spread over keys: a rotation line spends together, and so does what a limited key makes."""

from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from agents.models import App
from audit.actors import shell
from core.clock import at, now
from keys import lifecycle
from keys.admission import lookup, rate_limit
from keys.delegation import Authority
from keys.enrolment import enrol, mint_for
from keys.models import ApiKey
from tests.factories import minted
from tests.keys.asking import again, ask, opened
from tests.keys.family import derived
from tests.sdk.raw import packed, send, sign

pytestmark = pytest.mark.django_db
MANAGER = "agents:admin,keys:admin,keys:derive,grants:read"


def enrolled(by: ApiKey, name: str) -> tuple[ApiKey, str]:
    """The first key of an agent that the key `by` makes, and its plaintext."""
    made = enrol(shell(), by.app, {"name": name}, within=Authority.of_key(by))
    assert made.plaintext
    return ApiKey.objects.with_kin().get(id=made.key_id), made.plaintext.take()


def passes(secrets: list[str], rounds: int) -> int:
    """How many calls pass of as many rounds with all these keys."""
    return [ask(secret).status_code for _ in range(rounds) for secret in secrets].count(200)


def call(secret: str, target: str, body: Any) -> Any:
    data = packed(body)
    return send("POST", target, data, sign(secret, "POST", target, data))


def test_over_the_wire_whoever_rotates_and_makes_agents_has_no_more_calls(app: App) -> None:
    key, secret = opened(minted(app, scopes=MANAGER, rate_limit_rpm=20))
    secrets, spent = [secret], 0
    with at(now()):
        for number in range(3):
            made = call(secret, "/sdk/agents", {"name": f"bot-{number}", "scopes": {}}).json()
            secrets.append(made["api_key"])
            rotated = call(secret, f"/sdk/keys/{key.id}/rotate", {"overlap_days": 1}).json()
            secret, key = rotated["api_key"], ApiKey.objects.get(id=rotated["id"])
            secrets.append(secret)
            spent += 2
        assert len(secrets) == 7
        assert spent + passes(secrets, 4) == 20


def test_a_rotation_line_and_all_that_stands_on_it_spend_the_calls_of_its_first_key(app: App) -> None:
    first = minted(app, scopes=MANAGER).key
    line = [first]
    for _ in range(2):
        line.append(lifecycle.rotate(shell(), line[-1]).key)
    loan = derived(again(line[-1]), scopes="agents:admin", expires_in=timedelta(hours=1)).key
    line += [loan, enrolled(again(loan), "by-loan")[0]]
    for key in line:
        assert (lookup.snapshot_of(key).bucket, again(key).bucket) == (first.id, first.id)


def test_a_key_that_has_its_apps_limit_makes_agents_with_their_own_calls(app: App) -> None:
    boss = minted(app, scopes=MANAGER).key
    key = enrolled(boss, "free")[0]
    assert lookup.snapshot_of(key).bucket == key.id
    capped = minted(app, scopes=MANAGER, rate_limit_rpm=20).key
    second = mint_for(shell(), key.agent, Authority.of_key(capped)).key if key.agent else key
    assert lookup.snapshot_of(second).bucket == capped.id
    assert lookup.snapshot_of(lifecycle.rotate(shell(), again(second)).key).bucket == capped.id


def test_keys_that_share_calls_share_a_minute_whatever_the_limit_of_each(app: App) -> None:
    old, first = opened(minted(app, rate_limit_rpm=10))
    new, second = opened(lifecycle.rotate(shell(), old))
    lifecycle.narrow(shell(), new, rate_limit_rpm=5)
    with at(now()):
        assert passes([first], 4) == 4  # four tenths
        assert passes([second], 9) == 3  # and three fifths
        assert passes([first, second], 2) == 0


@pytest.mark.one_engine
def test_a_refused_call_of_a_slower_key_gives_nothing_back() -> None:
    moment = rate_limit.to_microseconds(now())
    fast, slow = (rate_limit.Charge.for_bucket(UUID(int=1), limit) for limit in (99_999, 20))
    spent = {fast.bucket: moment + fast.burst_us}
    assert not rate_limit.spend(spent, slow, moment).granted
    assert not rate_limit.spend(spent, fast, moment).granted


def test_an_unbound_agents_key_finds_its_own_family_after_it_was_rotated(app: App) -> None:
    old = minted(app, kind="agent", scopes="keys:derive,keys:admin,grants:read").key
    new, secret = opened(lifecycle.rotate(shell(), old))
    child = derived(new).key
    target = f"/sdk/keys/{child.id}"
    assert send("DELETE", target, b"", sign(secret, "DELETE", target)).status_code == 200
    target = f"/sdk/keys/{old.id}"
    assert send("DELETE", target, b"", sign(secret, "DELETE", target)).status_code == 404


def test_lines_that_were_rotated_before_are_told_whose_calls_they_spend(app: App) -> None:
    line = [minted(app).key]
    for _ in range(2):
        line.append(lifecycle.rotate(shell(), line[-1]).key)
    migration = ("keys", "0008_shared_bucket")
    past = MigrationLoader(connection).project_state(migration).apps
    past.get_model("keys", "ApiKey").objects.update(shared_bucket=None)
    import_module("keys.migrations.0008_shared_bucket").share(past, None)
    assert [again(key).shared_bucket for key in line] == [None, line[0].id, line[0].id]
