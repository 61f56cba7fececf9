"""The language of the log's search box: what each token sets, and what is said of the rest."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.search.query import TOKENS, parse, read
from core.clock import at
from core.errors import Invalid, Refusal
from core.ids import new_id
from tests.audit.records import APP, NOON, PREFIX, acted, called, minted_as
from tests.keys.laws import law

SOME_ID = "0198c0de-0000-7abc-8def-0123456789ab"


def no(text: str) -> str:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert refused.value.field == "q"
    return refused.value.why


# ── tokens ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("token", "param"), TOKENS.items())
def test_each_token_sets_its_filter(token: str, param: str) -> None:
    assert parse(f"{token}:worker").filters == {param: "worker"}


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("key:x7Kd outcome:denied", {"key": "x7Kd", "outcome": "denied"}),
        ('agent:"refund agent"', {"agent": "refund agent"}),
        ("  ip:2001:db8::1  ", {"ip": "2001:db8::1"}),
        ("IP:203.0.113.7", {"ip": "203.0.113.7"}),
        ('since:"2026-02-20 14:30"', {"since": "2026-02-20 14:30"}),
        ("since:2026-02-20T14:30", {"since": "2026-02-20T14:30"}),
        (f"key:{SOME_ID}", {"key_id": SOME_ID}),
        ("route:/a route:/a", {"path": "/a"}),
        ("route:/it's", {"path": "/it's"}),
        ("actor:<b>x</b>", {"actor": "<b>x</b>"}),
        ("actor:'; DROP TABLE audit_event; --", {"actor": "';"}),
    ],
)
def test_tokens_are_read(text: str, filters: dict[str, str]) -> None:
    assert parse(text).filters == filters


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("worker", ["worker"]),
        ('"refund agent" x', ["refund agent", "x"]),
        ("2001:db8::1", ["2001:db8::1"]),
        ("dead::1", ["dead::1"]),
        ('""', []),
        ("", []),
        ("  ", []),
    ],
)
def test_bare_words_are_set_apart(text: str, words: list[str]) -> None:
    typed = parse(text)
    assert (typed.words, typed.filters) == (words, {})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("key:", "Add a value after “key:”."),
        ('key:""', "Add a value after “key:”."),
        ('agent:"refund', "Close the quotation mark."),
        ('"', "Close the quotation mark."),
        ("action:key.mint action:key.revoke", "Use “action:” only once."),
    ],
)
def test_what_is_half_typed_is_complained_of(text: str, why: str) -> None:
    assert no(text) == why


def test_an_unknown_token_is_answered_with_those_there_are() -> None:
    assert no("colour:red").startswith("Unknown filter “colour”. Use one of key, agent, actor, ")


@law
@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except Refusal as refusal:
        assert refusal.status == 422


# ── time ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("since:24h", {"range": "24h", "since": ""}),
        ("since:3h", {"range": "custom", "since": "2026-06-01 09:00:00"}),
        (
            "since:2d until:1d",
            {"range": "custom", "since": "2026-05-30 12:00:00", "until": "2026-05-31 12:00:00"},
        ),
        ("until:2026-06-01", {"range": "custom", "until": "2026-06-01"}),
        ("since:yesterday", {"range": "custom", "since": "yesterday"}),
    ],
)
def test_times_become_a_range(text: str, filters: dict[str, str]) -> None:
    with at(NOON):
        assert read(text, APP) == filters


def test_a_span_beyond_all_time_is_complained_of() -> None:
    with pytest.raises(Invalid, match="“since:”: Ten years"):
        read("since:99999d", APP)


# ── bare words ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("word", "filters"),
    [
        (PREFIX, {"key": PREFIX}),
        ("alter_key_agent_ab", {"key": "alter_key_agent_ab"}),
        ("203.0.113.7", {"ip": "203.0.113.7"}),
        ("203.0.113.7:443", {"ip": "203.0.113.7"}),
        ("2001:DB8::1", {"ip": "2001:db8::1"}),
        ("/grants", {"path": "/grants"}),
        ("denied", {"outcome": "denied"}),
        ("key.revoke", {"action": "key.revoke"}),
        ("key", {"action": "key"}),
        ("ip_not_allowed", {"code": "ip_not_allowed"}),
        ("throttle", {"check": "throttle"}),
        ("cli", {"via": "cli"}),
        ("7d", {"range": "7d", "since": ""}),
        ("0af7651916cd43dd8448eb211c80319c", {"trace": "0af7651916cd43dd8448eb211c80319c"}),
        ("0198c0de00007abc8def0123456789ab", {"request": "0198c0de00007abc8def0123456789ab"}),
    ],
)
@pytest.mark.django_db
def test_a_word_is_taken_by_its_shape(word: str, filters: dict[str, str]) -> None:
    assert read(word, APP) == filters


def on_record() -> dict[str, Any]:
    """Words, and what they are in this record."""
    key_id, agent_id, caller_id = minted_as(PREFIX, key_name="Settlement worker"), new_id(), new_id()
    call = called(agent_id=agent_id, agent_name="refund agent", caller="pod", caller_id=caller_id)
    act = acted(agent_id=agent_id, agent_name="refund agent", actor_label="Grace <grace@example.com>")
    return {
        str(key_id): {"key_id": str(key_id)},
        str(agent_id).upper(): {"agent": str(agent_id)},
        str(caller_id): {"caller": str(caller_id)},
        str(act.id): {"id": str(act.id)},
        str(call.id): {"id": str(call.id)},
        "settlement worker": {"key": "settlement worker"},
        '"Refund Agent"': {"agent": "Refund Agent"},
        "refund agent": {"agent": "refund agent"},
        "Kd2mQp": {"key": "Kd2mQp"},
        "grace@example.com": {"actor": "grace@example.com"},
        "Grace denied": {"actor": "Grace", "outcome": "denied"},
    }


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(11))
def test_a_word_is_taken_for_what_the_record_knows(number: int) -> None:
    text, filters = list(on_record().items())[number]
    assert read(text, APP) == filters


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["nobody", "x", SOME_ID, "%", "_", "ключ", "a\0b", "<script>", "' OR 1=1"])
def test_a_word_that_is_nothing_is_complained_of_with_what_may_be_written(text: str) -> None:
    on_record()
    with pytest.raises(Invalid):
        read(text, APP)


@pytest.mark.django_db
def test_another_apps_names_and_ids_are_no_words() -> None:
    for word in list(on_record()):
        with pytest.raises(Invalid):
            read(word, new_id())


@pytest.mark.django_db
def test_a_word_and_a_token_of_one_kind_must_agree() -> None:
    with pytest.raises(Invalid, match="only once"):
        read("denied outcome:allowed", APP)


def test_the_guide_lists_exactly_the_tokens_there_are() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "audit-log.md").read_text()
    assert re.findall(r"^\| `(\w+):` \|", guide, re.M) == list(TOKENS)
