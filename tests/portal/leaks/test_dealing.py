"""What is done with a reported secret: by its kind's policy, once, on record, and told to its people."""

from typing import Any

import pytest

from agents.lifecycle import update_app
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from keys import plaintext
from keys.lifecycle import Minted, revoke
from portal.leaks import dealing
from portal.leaks.dealing import clean_place, deal_with_waiting, report
from portal.models import AccessToken, LeakReport, Notice, User
from portal.people.house import set_rules
from tests.factories import issued, minted
from tests.keys.asking import UNKNOWN, again

MODELS: list[Any] = [LeakReport, Event, Notice]


def reported(made: Minted, place: str = "https://git.example.com/a/b") -> LeakReport:
    hashed = plaintext.sha256(made.plaintext.take())
    one = report("form", hashed, place)
    deal_with_waiting()
    return LeakReport.objects.get(pk=one.pk)


def key_of_kind(kind: str, app: App, agent: Agent) -> Minted:
    return minted(app, agent=agent if kind == "agent" else None, name="lost")


@pytest.mark.parametrize("kind", ["app", "agent"])
@pytest.mark.parametrize(
    ("policy", "status"), [("notify", "active"), ("deprecate", "deprecated"), ("revoke", "revoked")]
)
def test_the_policy_of_the_keys_kind_holds(
    app: App, agent: Agent, admin: User, kind: str, policy: str, status: str
) -> None:
    update_app(shell(), app, **{f"on_leaked_{kind}_key": policy})
    made = key_of_kind(kind, app, agent)
    one = reported(made)
    assert again(made.key).status == status
    assert one.outcome == {"notify": "notified", "deprecate": "deprecated", "revoke": "revoked"}[policy]
    assert Notice.objects.get(user=admin).kind == "key-leaked"


def test_it_is_on_record_with_where_it_was(app: App, admin: User) -> None:
    made = minted(app)
    reported(made)
    event = Event.objects.get(action="leak.report")
    assert (event.key_id, event.actor_kind) == (made.key.id, "system")
    assert event.facts == {"source": "form", "found_at": "https://git.example.com/a/b"}


def test_an_agents_last_key_is_ended_all_the_same(app: App, agent: Agent) -> None:
    update_app(shell(), app, on_leaked_agent_key="revoke")
    made = minted(app, agent=agent)
    reported(made)
    assert again(made.key).status == "revoked"


def test_a_key_that_has_ended_is_left_alone_and_on_record(app: App, admin: User) -> None:
    made = minted(app)
    revoke(shell(), made.key)
    assert reported(made).outcome == "over"
    assert Event.objects.filter(action="leak.report").exists()
    assert not Notice.objects.filter(kind="key-leaked").exists()


@pytest.mark.parametrize(("rule", "status"), [("revoke", "revoked"), ("notify", "active")])
def test_a_token_is_dealt_with_by_the_house(developer: User, rule: str, status: str) -> None:
    set_rules(shell(), None, second_factor=False, on_leaked_token=rule)
    made = issued(developer, name="laptop")
    report("form", plaintext.sha256(made.plaintext.take()))
    deal_with_waiting()
    assert AccessToken.objects.get(pk=made.token.pk).status == status
    assert "laptop was reported as leaked" in Notice.objects.get(user=developer).says


def test_of_what_is_not_ours_nothing_is_kept(db: None) -> None:
    report("form", plaintext.sha256(UNKNOWN), "https://git.example.com/a", "a note")
    deal_with_waiting()
    one = LeakReport.objects.get()
    assert (one.outcome, one.hashed, one.found_at, one.note) == ("unknown", None, "", "")
    assert not Event.objects.filter(action="leak.report").exists()


def test_the_same_place_is_told_of_once_a_day(app: App, admin: User) -> None:
    made = minted(app)
    hashed = plaintext.sha256(made.plaintext.take())
    for place in ("https://a.example", "https://a.example", "https://b.example"):
        report("form", hashed, place)
    deal_with_waiting()
    assert Notice.objects.filter(user=admin).count() == 2
    assert Event.objects.filter(action="leak.report").count() == 3


def test_a_report_is_dealt_with_once(app: App) -> None:
    one = reported(minted(app))
    dealing.deal_with(one)
    assert Event.objects.filter(action="leak.report").count() == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://user:secret@git.example.com/a?token=x#L3", "https://git.example.com/a#L3"),
        ("a chat with alter_key_app_" + "A" * 36, "a chat with alter_key_app_AAAAAAAA[redacted]"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("https://[broken", ""),
    ],
)
def test_a_place_is_kept_without_what_could_be_used(given: str, kept: str) -> None:
    assert clean_place(given) == kept


def test_no_plaintext_is_in_the_database_afterwards(app: App, admin: User) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    report("form", plaintext.sha256(secret), f"https://x.example/{secret}", secret)
    deal_with_waiting()
    kept = str([list(model.objects.values()) for model in MODELS])
    assert secret[-20:] not in kept


def test_an_idle_portal_asks_one_thing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert not dealing.is_wanted()
