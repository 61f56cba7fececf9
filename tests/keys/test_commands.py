"""`manage.py mint_key` and `revoke_key`: keys from the shell, audited like the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from agents.lifecycle import archive_app
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from keyformat.grammar import is_key
from keys.models import ApiKey
from tests.factories import AgentFactory, minted
from tests.keys.asking import ask
from tests.scopes import everything
from tests.shell import Said

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def mint(app: App, *words: str, scopes: str = "grants:read") -> Said:
    return Said("mint_key", "--app", str(app.id), "--name", "worker", "--scopes", scopes, *words)


def revoke(key: ApiKey, *words: str) -> Said:
    return Said("revoke_key", "--key", str(key.id), "--reason", "seen in a log", *words)


# ── mint_key ────────────────────────────────────────────────────────────────────────────────────────


def test_the_plaintext_alone_goes_to_a_pipe(app: App) -> None:
    minted = mint(app)
    assert is_key(minted.out.strip())
    assert minted.out.strip() not in minted.err


def test_the_printed_key_opens_the_door(app: App) -> None:
    assert ask(mint(app).out.strip(), "grants:read").status_code == 200


def test_a_machine_reads_an_object(app: App) -> None:
    told, key = mint(app, "--json").json, ApiKey.objects.get()
    assert (told["id"], told["key_prefix"]) == (str(key.id), key.prefix)
    assert told["api_key"].startswith(key.prefix)


def test_the_shell_and_the_reason_are_on_record(app: App) -> None:
    mint(app, "--reason", "for the nightly run")
    event = Event.objects.latest("at")
    assert (event.action, event.actor_kind, event.reason) == ("key.mint", "shell", "for the nightly run")


def test_an_app_is_known_by_its_name(app: App) -> None:
    result = Said("mint_key", "--app", "checkout", "--name", "worker", "--scopes", "grants:read")
    assert (result.code, app.keys.count()) == (0, 1)


@pytest.mark.parametrize("words", ["01a2014c-7d92-72cf-83df-d30ffbfe9814", "nowhere", "CHECKOUT", ""])
def test_no_such_app_is_not_found(app: App, words: str) -> None:
    result = Said("mint_key", "--app", words, "--name", "worker", "--scopes", "grants:read")
    assert (result.code, result.out) == (4, "")


def test_all_scopes_are_the_whole_catalogue(app: App) -> None:
    Said("mint_key", "--app", str(app.id), "--name", "worker", "--all-scopes")
    assert sorted(ApiKey.objects.get().scopes) == sorted(everything())


def test_every_choice_reaches_the_key(app: App, agent: Agent) -> None:
    cidr = ("--cidr", "203.0.113.0/24, 2001:db8::/32", "--rate-limit-rpm", "60")
    with at(NOON):
        mint(app, "--agent", str(agent.id), "--expires-in", "30d", *cidr)
    key = ApiKey.objects.get()
    assert (key.agent, key.kind, key.rate_limit_rpm) == (agent, "agent", 60)
    assert key.networks == ["203.0.113.0/24", "2001:db8::/32"]
    assert key.expires_at == NOON + timedelta(days=30)


def test_a_key_for_agents_may_be_bound_to_none(app: App) -> None:
    mint(app, "--key-type", "agent")
    assert (ApiKey.objects.get().kind, ApiKey.objects.get().agent) == ("agent", None)


def test_an_end_may_be_a_moment(app: App) -> None:
    with at(NOON):
        mint(app, "--expires-at", "2027-02-20T14:32:00Z")
    assert ApiKey.objects.get().expires_at == datetime(2027, 2, 20, 14, 32, tzinfo=UTC)


WRONG: dict[str, list[str]] = {
    "a range of everyone": ["--cidr", "0.0.0.0/0"],
    "no range": ["--cidr", "everywhere"],
    "no calls": ["--rate-limit-rpm", "0"],
    "too many calls": ["--rate-limit-rpm", "100001"],
    "no duration": ["--expires-in", "soon"],
    "too long": ["--expires-in", "4000d"],
    "no moment": ["--expires-at", "tomorrow"],
    "a moment that passed": ["--expires-at", "2020-01-01T00:00:00Z"],
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG.keys())
def test_a_bad_value_is_wrong_usage(app: App, words: list[str]) -> None:
    minted = mint(app, *words)
    assert (minted.code, minted.out, ApiKey.objects.count()) == (2, "", 0)
    assert minted.err


@pytest.mark.parametrize("scopes", ["", "grants", "grants:fly", "grants:read,,", "GRANTS:READ"])
def test_a_bad_scope_is_wrong_usage(app: App, scopes: str) -> None:
    assert mint(app, scopes=scopes).code == 2


@pytest.mark.parametrize("words", [["--expires-in", "1d", "--expires-at", "2027-01-01"], ["--all-scopes"]])
def test_two_that_exclude_each_other_are_refused(app: App, words: list[str]) -> None:
    assert (mint(app, *words).code, ApiKey.objects.count()) == (1, 0)


@pytest.mark.parametrize("words", ["01a2014c-7d92-72cf-83df-d30ffbfe9814", "refund-agent"])
def test_no_such_agent_is_not_found(app: App, agent: Agent, words: str) -> None:
    assert mint(app, "--agent", words).code == 4


def test_an_agent_of_another_app_is_not_found(app: App, other_app: App) -> None:
    assert mint(app, "--agent", str(AgentFactory.create(app=other_app).id)).code == 4


def test_an_archived_app_is_a_conflict(app: App) -> None:
    archive_app(shell(), app)
    minted = mint(app)
    assert (minted.code, "This app is archived." in minted.err) == (5, True)


def test_a_database_that_is_gone_is_left_to_manage_py_which_knows_why(app: App) -> None:
    def cut(*args: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(cut), pytest.raises(OperationalError):
        mint(app)


# ── revoke_key ──────────────────────────────────────────────────────────────────────────────────────


def test_the_next_call_is_refused(app: App) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    assert revoke(made.key).code == 0
    assert ask(secret, "grants:read").json()["error"] == "invalid_key"


def test_the_end_is_on_record_with_its_reason(app: App) -> None:
    revoke(minted(app).key)
    event = Event.objects.latest("at")
    assert (event.action, event.actor_kind, event.reason) == ("key.revoke", "shell", "seen in a log")


def test_a_machine_reads_when(app: App) -> None:
    key = minted(app).key
    with at(key.created_at + timedelta(hours=1)):
        told = revoke(key, "--json").json
    key.refresh_from_db()
    assert key.revoked_at
    assert told == {"id": str(key.id), "key_prefix": key.prefix, "revoked_at": key.revoked_at.isoformat()}


def test_revoking_again_changes_nothing(app: App) -> None:
    key = minted(app).key
    revoke(key)
    before = Event.objects.count()
    assert (revoke(key).code, Event.objects.count()) == (0, before)


def test_the_last_key_of_an_agent_takes_force(app: App, agent: Agent) -> None:
    key = minted(app, agent=agent).key
    said = revoke(key)
    assert (said.code, "Mint a replacement first" in said.err) == (5, True)
    assert revoke(key, "--force").code == 0
    assert Event.objects.latest("at").facts == {"forced": True}


@pytest.mark.parametrize("words", ["01a2014c-7d92-72cf-83df-d30ffbfe9814", "worker", ""])
def test_no_such_key_is_not_found(app: App, words: str) -> None:
    assert Said("revoke_key", "--key", words, "--reason", "x").code == 4


def test_a_reason_must_be_given(app: App) -> None:
    key = minted(app).key
    assert Said("revoke_key", "--key", str(key.id)).code == 1
    key.refresh_from_db()
    assert key.revoked_at is None
