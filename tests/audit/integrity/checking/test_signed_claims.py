"""Nothing is gone because a row says so: what is purged or erased must be signed away by the portal, for just that."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from audit.actors import shell
from audit.export.exporter import export
from audit.integrity.checking import handovers, removal_claims, trust
from audit.integrity.checking.check import CheckRange, check, newest
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.checking.findings import Finding
from audit.integrity.checking.inspection import Inspection
from audit.integrity.checking.row_proof import prove
from audit.integrity.checking.signed_claims import ended
from audit.integrity.sealing import checkpoints, signing
from audit.models import Call, Checkpoint, Claim, Event, Retention, Seal, SealKey
from audit.models.seals import NOWHERE
from audit.retention import policy, purging
from audit.retention.erasure import erase
from audit.search.matching import Filters
from core.clock import at, now
from core.ids import new_id
from tests.audit.records import APP, DAY, NOON, acted, called
from tests.audit.sealed import sealed
from tests.audit.taken_out import selection, whole, written
from tests.audit.tampering import THEIRS, remove, say_that_a_row_was_erased, with_fences_down

pytestmark = pytest.mark.django_db
ADDRESS = "198.51.100.66"
Attack = Callable[[], object]


def found(scope: CheckRange | None = None) -> set[str]:
    return {
        finding.what
        for step in check(scope or CheckRange(APP))
        for finding in step.findings
        if not finding.is_note
    }


def in_file(lines: list[dict[str, Any]] | None = None) -> set[str]:
    return {finding.what for finding in findings_of(written(lines or whole())) if not finding.is_note}


def findings_of(content: bytes) -> list[Finding]:
    return list(Inspection(io.BytesIO(content), {signing.key_id(): signing.public_key()}).findings())


def batches(count: int = 3, size: int = 4, moment: Any = NOON) -> None:
    """So many batches of calls, sealed a day apart."""
    for number in range(count):
        with at(moment + number * DAY):
            sealed(*(called(at=moment + number * DAY) for _ in range(size)))


def say(action: str = "audit.purge", first: int = 1, last: int = 12, **facts: Any) -> Event:
    """An act on record that says what it likes, sealed by the portal in good faith."""
    told = {"kind": "call", "rows": last - first + 1, "first_seq": first, "last_seq": last, **facts}
    act = acted(APP, now(), action=action, target_kind="audit log", target_id=str(APP), facts=told)
    sealed()
    return act


def let_go(first: int = 1, last: int = 12) -> None:
    """Delete rows and seals, and say of their checkpoints that they were purged."""
    for checkpoint in Checkpoint.objects.filter(
        stream=APP, kind="call", first_seq__gte=first, last_seq__lte=last
    ):
        remove(checkpoint, all_of_it=False)
        Checkpoint.objects.filter(number=checkpoint.number).update(purged_at=now())


def claim(**changed: Any) -> dict[str, Any]:
    """What a claim of all that is purged would say, signed with another key."""
    last = Checkpoint.objects.filter(stream=APP, kind="call").order_by("-last_seq")[0]
    told = {
        "type": "claim",
        "action": "audit.purge",
        "stream": str(APP),
        "kind": "call",
        "ranges": [[1, last.last_seq]],
        "hash": bytes(last.hash).hex(),
        "minimum_days": 7,
        "act": str(new_id()),
        "at": checkpoints.moment(now() + 400 * DAY),
        "key_id": trust.key_id(THEIRS.public_key().public_bytes_raw()),
        **changed,
    }
    return told | {"signature": THEIRS.sign(removal_claims.signed_bytes(told)).hex()}


def store(told: dict[str, Any], **columns: Any) -> None:
    given = {"action": told["action"], "stream": APP, "kind": "call", "first_seq": told["ranges"][0][0]}
    Claim.objects.create(**{**given, "last_seq": told["ranges"][-1][1], "told": told, **columns})


def purge_long_after() -> None:
    """Let the portal purge what is there, in 400 days."""
    with at(NOON + 400 * DAY):
        assert purging.sealed("call", NOON + 30 * DAY)
        sealed()


def test_an_act_that_says_so_lets_nothing_go() -> None:
    with at(NOON):
        batches(1, 12)
        say()
        with_fences_down(let_go)
    assert found() == found(CheckRange()) == in_file() == {"purge"}
    assert {finding.what for finding in newest(CheckRange(APP)).wrong} == {"purge"}


def test_an_act_that_nobody_signed_is_told_as_such() -> None:
    batches()
    say()
    with_fences_down(let_go)
    says = [
        finding.says
        for step in check(CheckRange(APP))
        for finding in step.findings
        if finding.what == "purge"
    ]
    assert all("an act says so that nobody signed" in told for told in says) and len(says) == 3


def test_an_act_that_says_so_erases_nothing() -> None:
    batches(5, 12)
    say("audit.erase", 17, 17, ranges=[[17, 17]])
    with_fences_down(say_that_a_row_was_erased)
    assert found() == in_file() == {"erasure"}
    assert in_file(selection(Call.objects.filter(app_id=APP))) == {"erasure"}
    proof = prove(Call.objects.get(id=Seal.objects.get(stream=APP, kind="call", seq=17).row_id))
    assert proof and not proof.holds


def test_acts_that_were_purged_themselves_excuse_nothing() -> None:
    """Old acts went by the rules. It must not let younger calls go without a word."""
    with at(NOON):
        sealed(acted(), acted())
    with at(NOON + 800 * DAY):
        assert purging.sealed("event", NOON + 400 * DAY) == 2
        sealed()
    batches()
    with_fences_down(let_go)
    assert found() == in_file() == {"purge"}


def test_what_the_portal_purged_holds_after_the_acts_of_it_went_too() -> None:
    batches()
    purge_long_after()
    with at(NOON + 2000 * DAY):
        assert purging.sealed("event", NOON + 1000 * DAY) == 1
        sealed()
    assert found() == in_file() == set()


@pytest.mark.parametrize("sign", [True, False], ids=["their key", "no signature"])
def test_a_claim_by_another_key_lets_nothing_go(sign: bool) -> None:
    batches()
    SealKey.objects.create(
        id=trust.key_id(THEIRS.public_key().public_bytes_raw()), public=THEIRS.public_key().public_bytes_raw()
    )
    told = claim() if sign else claim(key_id=signing.key_id())
    store(told)
    with_fences_down(let_go)
    assert found() == in_file() == {"purge"}


def forged() -> Iterator[tuple[str, dict[str, Any]]]:
    """Claims of the portal, each changed in one respect."""
    real = Claim.objects.get(action="audit.purge").told
    last = Checkpoint.objects.filter(stream=APP, kind="call").order_by("-last_seq")[0]
    yield "wider", {**real, "ranges": [[1, last.last_seq]]}
    yield "other rows", {**real, "ranges": [[9, 12]]}
    yield "another checkpoint", {**real, "ranges": [[1, 12]], "hash": bytes(last.hash).hex()}
    yield "replayed as it is", real
    yield "lower minimum", {**real, "ranges": [[9, 12]], "minimum_days": 1}
    yield "an erasure", {**real, "action": "audit.erase", "minimum_days": None}
    yield "no minimum", {**real, "minimum_days": None}
    yield "no claim at all", {"type": "claim", "action": "audit.purge", "ranges": [[1, 12]]}


def test_a_claim_holds_for_nothing_but_what_was_signed() -> None:
    """The portal purged 1 to 8. Whoever takes 9 to 12 as well has no claim for it, however one is bent."""
    batches(2)
    purge_long_after()
    batches(1, moment=NOON + 401 * DAY)
    assert found() == in_file() == set()
    with_fences_down(lambda: let_go(9, 12))
    for name, told in forged():
        with_fences_down(lambda told=told: store(told, first_seq=1, last_seq=12))  # type: ignore[misc]
        assert "purge" in found(), name
        assert {"purge", "unreadable"} & in_file(), name


def test_a_claim_of_fresh_rows_does_not_count_even_if_the_key_signed_it() -> None:
    """The rule is checked where the claim is made, and again where it is read."""
    with at(NOON):
        batches(1, 12)
        last = Checkpoint.objects.get(stream=APP, kind="call")
        told = {
            **claim(at=checkpoints.moment(now()), key_id=signing.key_id()),
            "hash": bytes(last.hash).hex(),
        }
        told["signature"] = signing.sign(removal_claims.signed_bytes(told)).hex()
        store(told)
        with_fences_down(let_go)
    (says,) = [
        finding.says
        for step in check(CheckRange(APP))
        for finding in step.findings
        if finding.what == "purge"
    ]
    assert "younger than the 7 days" in says
    assert in_file() == {"purge"}


def test_claims_that_are_taken_away_are_missed() -> None:
    batches()
    purge_long_after()
    with_fences_down(lambda: Claim.objects.all().delete())
    assert found() == in_file() == {"purge"}


def lose_the_database() -> None:
    for checkpoint in Checkpoint.objects.all():
        remove(checkpoint)
    Claim.objects.all().delete()


def test_a_claim_is_not_of_rows_that_came_after_a_restored_backup() -> None:
    """The same places, another history: the claim names the checkpoint, and with it every row."""
    batches()
    purge_long_after()
    old = Claim.objects.get().told
    with_fences_down(lose_the_database)
    checkpoints.archive("until-20260601-120000")
    batches()
    store(old)
    with_fences_down(let_go)
    assert "purge" in found()
    assert in_file() == {"purge"}


def sealed_now(**columns: Any) -> Attack:
    return lambda: Checkpoint.objects.filter(stream=APP, kind="call").update(**columns)


@pytest.mark.parametrize(
    "attack",
    [
        sealed_now(latest_at=NOON.replace(year=2020), earliest_at=NOON.replace(year=2020)),
        sealed_now(
            latest_at=NOON.replace(year=2020),
            earliest_at=NOON.replace(year=2020),
            sealed_at=NOON.replace(year=2020),
        ),
    ],
    ids=["the moments of its rows", "and of its seal"],
)
def test_the_portal_is_not_talked_into_purging_fresh_rows(attack: Attack) -> None:
    """What a checkpoint is filed under is not sealed. The portal would sign the claim itself."""
    with at(NOON):
        batches(1, 12)
        with_fences_down(attack)
        policy.purge()
        assert Call.objects.count() == 12
        assert not Claim.objects.exists()
    assert "hash" in found()


def test_no_row_of_a_table_shortens_how_long_calls_are_kept() -> None:
    batches()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_retention (id, kind, days) VALUES (%s, 'call', 1)",
            [new_id() if connection.vendor == "postgresql" else new_id().hex],
        )
    assert Retention.objects.get().days == 1
    with at(NOON + 6 * DAY):
        assert policy.purge() == 0
    with at(NOON + 9 * DAY):
        assert policy.purge() == 8


def test_each_erasure_is_signed_for_its_checkpoint_and_its_rows() -> None:
    for size in (3, 2):
        sealed(*(called(ip=ADDRESS) for _ in range(size)), called())
    erase(shell(), ip=ADDRESS, reason="Request 114")
    sealed()
    assert [claim.told["ranges"] for claim in Claim.objects.order_by("first_seq")] == [[[1, 3]], [[5, 6]]]
    assert found() == in_file() == in_file(selection(Call.objects.all())) == set()
    with_fences_down(lambda: Claim.objects.filter(first_seq=5).delete())
    assert found() == in_file() == in_file(selection(Call.objects.all())) == {"erasure"}


def test_what_the_portal_exports_carries_its_claims() -> None:
    batches(5, 12)
    acted()
    erase(shell(), actor_id="1", reason="Request 114")
    sealed(called(ip=ADDRESS)), erase(shell(), ip=ADDRESS, reason="Request 115")
    for filters in (Filters(APP), Filters(APP, outcome="allowed"), Filters(APP, action="key")):
        told = b"".join(export(shell(), filters, "checkout", "jsonl").blocks())
        assert [finding for finding in findings_of(told) if not finding.is_note] == []
        assert b'"type":"claim"' in told.replace(b'": "', b'":"')


def test_a_file_whose_end_is_not_signed_does_not_hold() -> None:
    """Whoever cuts an export could leave the signature out as well."""
    batches()
    told = written(whole()).splitlines(keepends=True)
    bare = b"".join(told[:-1]) + told[-1].replace(b'"signature": "', b'"unsigned": "')
    assert [finding.what for finding in findings_of(bare) if not finding.is_note] == ["signature"]


def test_a_claim_of_another_app_in_a_file_counts_for_nothing() -> None:
    batches()
    purge_long_after()
    lines = whole()
    at_claim = next(n for n, line in enumerate(lines) if line["type"] == "claim")
    for changed in ({"stream": str(new_id())}, {"kind": "event"}, {"at": checkpoints.moment(NOON)}):
        bent = [*lines[:at_claim], lines[at_claim] | changed, *lines[at_claim + 1 :]]
        assert "purge" in in_file(bent), changed


@pytest.mark.one_engine
@given(
    field=st.sampled_from(
        ["action", "stream", "kind", "ranges", "hash", "minimum_days", "at", "act", "key_id"]
    ),
    value=st.one_of(
        st.none(),
        st.integers(-9, 9),
        st.text(max_size=8),
        st.lists(st.lists(st.integers(0, 99), max_size=3), max_size=3),
    ),
)
def test_no_claim_that_was_changed_is_signed(field: str, value: Any) -> None:
    real = _REAL | {"signature": signing.sign(removal_claims.signed_bytes(_REAL)).hex()}
    keys = handovers.extend({signing.key_id(): signing.public_key()}, [])
    assert not removal_claims.read(real).unsigned(keys)
    if value == real[field]:
        return
    with suppress(Unreadable):
        assert removal_claims.read(real | {field: value}).unsigned(keys)


_REAL: dict[str, Any] = {
    "action": "audit.purge",
    "stream": str(APP),
    "kind": "call",
    "ranges": [[1, 12]],
    "hash": "ab" * 32,
    "minimum_days": 7,
    "act": str(APP),
    "at": "2026-06-01T12:00:00.000000Z",
    "key_id": signing.key_id(),
}


def test_rows_that_hold_what_the_portal_does_not_write_do_not_stop_the_check() -> None:
    batches(1)
    for action, facts in (("forge", [1]), ("forge", {"ids": 5}), ("purge", [1]), ("purge", {"ranges": 5})):
        told = {"kind": "call", **facts} if isinstance(facts, dict) else facts
        acted(APP, now(), action=f"audit.{action}", target_id=str(APP), facts=told)
    with_fences_down(let_go)
    assert "purge" in found()
    Claim.objects.create(
        action="audit.restore", stream=NOWHERE, kind="event", first_seq=0, last_seq=0, told=[1]
    )
    assert ended("until-20260101-000000", signing.known()) is None
