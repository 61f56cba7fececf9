"""A person can be erased from sealed rows, and every seal still fits."""

import io
from typing import Any

import pytest

from audit.actors import shell
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.checking.findings import Finding
from audit.integrity.checking.inspection import Inspection
from audit.integrity.sealing import signing
from audit.models import Call, Event, Seal
from audit.retention.erasure import erase
from core.errors import Invalid
from core.ids import new_id
from tests.audit.records import APP, acted, called
from tests.audit.sealed import sealed
from tests.audit.taken_out import whole, written
from tests.audit.tampering import with_fences_down
from tests.shell import Said

pytestmark = pytest.mark.django_db
ADDRESS = "198.51.100.66"


def wrong() -> list[Finding]:
    """What a check of the database finds, and one of a file."""
    stored = [finding for step in check(CheckRange()) for finding in step.findings]
    trusted = {signing.key_id(): signing.public_key()}
    taken = Inspection(io.BytesIO(written(whole())), trusted).findings()
    return [found for found in (*stored, *taken) if not found.is_note and found.what != "unkept"]


def erased(**whom: Any) -> int:
    return erase(shell(), **whom, reason="Request 114").rows


def test_what_may_name_a_person_goes() -> None:
    call = called(
        ip=ADDRESS, user_agent="Ann's phone", path="/people/ann", context={"user": "ann"}, detail="ann"
    )
    sealed(call)
    assert erased(ip=ADDRESS) == 1
    call.refresh_from_db()
    assert (call.ip, call.user_agent, call.path, call.context, call.detail, call.caller) == (
        "",
        "",
        "",
        {},
        "",
        "",
    )


def test_what_names_no_one_stays() -> None:
    call = called(ip=ADDRESS, request_id="req-1")
    sealed(call)
    erased(ip=ADDRESS)
    stored = Call.objects.get(id=call.id)
    assert (stored.at, stored.key_id, stored.status, stored.request_id) == (
        call.at,
        call.key_id,
        call.status,
        "req-1",
    )


def test_every_seal_still_fits() -> None:
    sealed(called(), called(ip=ADDRESS), called(), acted(ip=ADDRESS))
    erased(ip=ADDRESS)
    sealed()
    assert wrong() == []


def test_the_salt_is_gone_and_a_commitment_stays() -> None:
    (seal,) = sealed(called(ip=ADDRESS))
    erased(ip=ADDRESS)
    seal.refresh_from_db()
    assert seal.salt is None
    assert len(bytes(seal.commitment or b"")) == 32


def test_rows_that_wait_are_sealed_first() -> None:
    call = called(ip=ADDRESS)
    assert erased(ip=ADDRESS) == 1
    assert Seal.objects.get(row_id=call.id).salt is None


def test_other_people_stay() -> None:
    other = called(ip="203.0.113.7")
    erased(ip=ADDRESS)
    other.refresh_from_db()
    assert other.ip == "203.0.113.7"


def test_an_actor_is_erased_from_what_they_did_and_what_was_done_to_them() -> None:
    rows = [
        acted(actor_id="7", reason="I, Ann"),
        acted(target_id="7", target_label="Ann"),
        acted(actor_id="8", actor_label="Bob <bob@example.com>"),
    ]
    assert erased(actor_id="7") == 2
    assert [Event.objects.get(id=row.id).actor_label for row in rows] == ["", "", rows[2].actor_label]


def test_one_app_alone_can_be_meant() -> None:
    here, elsewhere = called(ip=ADDRESS), called(new_id(), ip=ADDRESS)
    assert erased(ip=ADDRESS, app_id=APP) == 1
    assert [Call.objects.get(id=call.id).ip for call in (here, elsewhere)] == ["", ADDRESS]


def test_that_it_was_done_is_on_record_and_whom_is_not() -> None:
    sealed(called(), called(ip=ADDRESS), called(ip=ADDRESS))
    erased(ip=ADDRESS)
    event = Event.objects.get(action="audit.erase")
    assert (event.app_id, event.reason, event.target_label) == (APP, "Request 114", "2 calls")
    assert event.facts == {"kind": "call", "rows": 2, "ranges": [[2, 3]]}
    assert ADDRESS not in str(vars(event))


def test_what_is_erased_already_is_left_alone() -> None:
    sealed(acted(actor_id="7", ip=ADDRESS))
    assert erased(ip=ADDRESS) == 1
    assert erased(actor_id="7") == 0
    assert Event.objects.filter(action="audit.erase").count() == 1


def test_a_row_that_was_edited_is_evidence_and_stays() -> None:
    call = called(ip=ADDRESS)
    sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(path="/edited"))
    done = erase(shell(), ip=ADDRESS, reason="Request 114")
    assert (done.rows, done.unfit) == (0, 1)
    assert Call.objects.get(id=call.id).path == "/edited"


def test_acts_that_account_for_rows_are_not_erased() -> None:
    sealed(called(ip=ADDRESS))
    erased(ip=ADDRESS)
    event = Event.objects.get(action="audit.erase")
    erased(actor_id=event.actor_id)
    event.refresh_from_db()
    assert event.facts["rows"] == 1


def test_many_rows_go_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.retention.erasure.SCAN_SIZE", 4)
    monkeypatch.setattr("audit.retention.erasure.BATCH_SIZE", 3)
    for _ in range(9):
        called(ip=ADDRESS), called()
    assert erased(ip=ADDRESS) == 9
    sealed()
    assert wrong() == []


@pytest.mark.parametrize("whom", [{}, {"actor_id": "7", "ip": ADDRESS}])
def test_one_thing_must_be_said(whom: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="Enter an actor ID or an IP address, or names"):
        erased(**whom)


def test_a_reason_must_be_given() -> None:
    with pytest.raises(Invalid, match="why"):
        erase(shell(), ip=ADDRESS, reason=" ")


def test_the_command_says_how_many() -> None:
    sealed(called(ip=ADDRESS))
    result = Said("erase_person", "--ip", ADDRESS, "--reason", "Request 114")
    assert (result.code, result.err) == (0, "1 rows were erased.\n")


def test_the_command_speaks_to_machines() -> None:
    sealed(called(ip=ADDRESS))
    result = Said("erase_person", "--ip", ADDRESS, "--app", str(APP), "--reason", "Request 114", "--json")
    assert result.json == {"rows": 1, "left": 0, "kept": 0, "elsewhere": {}}


def test_the_command_refuses_an_app_that_is_none() -> None:
    result = Said("erase_person", "--ip", ADDRESS, "--app", "x", "--reason", "Request 114")
    assert (result.code, result.err) == (2, "Enter an app ID.")
