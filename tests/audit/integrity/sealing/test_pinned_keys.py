"""Seal keys are trusted by a file outside the database, and by the word of the key that came after."""

import io
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as portal
from pytest_django import Settings

from audit import canonical
from audit.actors import shell
from audit.integrity.checking import alarms, handovers, trust
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.checking.handovers import SealKeyLine
from audit.integrity.checking.inspection import Inspection
from audit.integrity.seal_keys import accept_lost, rotate
from audit.integrity.sealing import checkpoints, pinned_keys, signing
from audit.models import Checkpoint, Event, SealKey
from core.errors import Invalid, KeyIsPinned, NotYetInUse
from tests.audit.records import APP, called
from tests.audit.sealed import sealed
from tests.audit.taken_out import whole, written
from tests.audit.tampering import THEIRS, with_fences_down

pytestmark = pytest.mark.django_db
THEIR_PUBLIC = THEIRS.public_key().public_bytes_raw()
NEW = bytes(range(32))


@pytest.fixture(autouse=True)
def own_folder(settings: Settings) -> Iterator[None]:
    """A data folder of one's own: keys are written there."""
    settings.DATA_DIR = settings.SEAL_KEYS.with_suffix(".data")
    settings.DATA_DIR.mkdir()
    settings.DATA_DIR.joinpath("seal-key").write_text(settings.SEAL_KEY.hex() + "\n")
    yield
    shutil.rmtree(settings.DATA_DIR)


def found(scope: CheckRange | None = None) -> set[str]:
    return {
        finding.what
        for step in check(scope or CheckRange(APP))
        for finding in step.findings
        if finding.what != "backdated"
    }


def rotated(settings: Settings) -> str:
    made = rotate(shell(), reason="A year has passed")
    settings.SEAL_KEY = bytes.fromhex(made.file.read_text())
    return made.key_id


def resign_with_their_key() -> None:
    """Rewrite the whole chain with a key of one's own, as that of before, and say so in the database."""
    SealKey.objects.create(id=trust.key_id(THEIR_PUBLIC), public=THEIR_PUBLIC)
    for checkpoint in Checkpoint.objects.all():
        signature = THEIRS.sign(canonical.signed(bytes(checkpoint.hash)))
        Checkpoint.objects.filter(number=checkpoint.number).update(
            key_id=trust.key_id(THEIR_PUBLIC), signature=signature
        )


def add_their_line(*, before: bytes | None, signed_by: Ed25519PrivateKey | None = None) -> None:
    """A line in the file that lets the present key follow theirs, as well as it can be made without the key."""
    draft = handovers.SealKeyLine(signing.public_key(), "2026-01-01", before, "lost" if before else "")
    by = (signed_by or THEIRS).sign(draft.signed())
    line = handovers.SealKeyLine(draft.public, draft.since, before, draft.reason, by, by)
    pinned_keys._write([handovers.SealKeyLine(THEIR_PUBLIC, "2025-01-01"), line])


def test_a_self_made_predecessor_signs_nothing_with_or_without_files() -> None:
    sealed(called()), sealed(called())
    with_fences_down(resign_with_their_key)
    assert "signature" in found() and "signature" in found(CheckRange())
    shutil.rmtree(portal.CHECKPOINT_DIR)
    portal.SEAL_KEYS.unlink()
    assert "signature" in found()


def test_a_predecessor_that_was_written_into_the_file_needs_the_word_of_the_key() -> None:
    sealed(called())
    with_fences_down(resign_with_their_key)
    for before in (None, THEIR_PUBLIC):
        add_their_line(before=before)
        assert "signature" in found(), before


def test_the_file_is_the_owners_alone_and_made_once() -> None:
    sealed(called()), sealed(called())
    assert [line.public for line in pinned_keys.lines()] == [signing.public_key()]
    assert stat.S_IMODE(portal.SEAL_KEYS.stat().st_mode) == 0o600


def test_after_a_rotation_both_keys_are_trusted_each_in_its_time(settings: Settings) -> None:
    sealed(called())
    first = settings.SEAL_KEY
    rotated(settings)
    sealed(called())
    assert found() == set()
    assert found(CheckRange()) <= {"unchecked"}  # what indexes hold, where the database has no amcheck
    settings.SEAL_KEY = first
    sealed(called())
    assert "signature" in found()


def test_an_export_is_believed_from_either_key(settings: Settings) -> None:
    sealed(called())
    old = signing.public_key()
    rotated(settings)
    sealed(called())
    lines = whole()
    lines[0] |= {"keys": [line.to_dict() for line in pinned_keys.lines()]}
    for key in (old, signing.public_key()):
        told = Inspection(io.BytesIO(written(lines)), {trust.key_id(key): key}).findings()
        assert [one for one in told if not one.is_note] == []
    lines[0]["keys"][-1]["by_old"] = "00" * 64
    told = Inspection(io.BytesIO(written(lines)), {trust.key_id(old): old}).findings()
    assert "signature" in {one.what for one in told}


def test_a_rotation_is_on_record_and_must_be_finished_before_the_next(settings: Settings) -> None:
    sealed(called())
    made = rotate(shell(), reason="A year has passed")
    event = Event.objects.get(action="seal-key.rotate")
    assert (event.facts, event.reason) == ({"key": made.key_id, "handed_over": True}, "A year has passed")
    assert made.file.read_text().strip() not in str(vars(event))
    with pytest.raises(NotYetInUse):
        rotate(shell(), reason="Again")


def test_a_key_from_the_environment_is_left_for_the_operator_to_set(settings: Settings) -> None:
    settings.DATA_DIR.joinpath("seal-key").unlink()
    made = rotate(shell(), reason="A year has passed")
    assert (made.by_hand, made.file.name) == (True, "seal-key.next")
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600


def test_a_key_that_took_the_place_of_another_is_an_alarm_until_it_is_accepted(settings: Settings) -> None:
    sealed(called())
    settings.SEAL_KEY = NEW
    sealed(called())
    alarms.look()
    assert [alarm.code for alarm in alarms.open_alarms()] == ["seal-key"]
    assert "signature" in found()
    accept_lost(shell(), reason="The disk of 3 May")
    alarms.look()
    assert not alarms.open_alarms().exists()
    assert found() == {"unlinked"}
    with pytest.raises(KeyIsPinned):
        accept_lost(shell(), reason="Again")


def test_a_reason_must_be_given() -> None:
    for verb in (rotate, accept_lost):
        with pytest.raises(Invalid):
            verb(shell(), reason=" ")


def test_without_the_file_the_present_key_alone_is_trusted(settings: Settings) -> None:
    sealed(called())
    rotated(settings)
    sealed(called())
    portal.SEAL_KEYS.unlink()
    assert "signature" in found()
    assert checkpoints.last_stored_number() == Checkpoint.objects.count()


def _handover(old: Ed25519PrivateKey, new: Ed25519PrivateKey, *, is_signed: bool = True) -> SealKeyLine:
    """A line by which `new` follows `old`; unsigned, anybody may have written it."""
    line = SealKeyLine(_public(new), "2026-01-01", _public(old))
    said = line.signed()
    return replace(line, by_new=new.sign(said), by_old=old.sign(said)) if is_signed else line


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def test_whoever_has_a_key_of_before_can_name_no_other_that_followed_it() -> None:
    old, present, theirs = (Ed25519PrivateKey.generate() for _ in range(3))
    given = {trust.key_id(_public(present)): _public(present)}
    known = handovers.extend(given, [_handover(old, present), _handover(old, theirs)])
    assert set(known.keys.values()) == {_public(present), _public(old)}


def test_an_unsigned_line_does_not_change_the_order_of_keys() -> None:
    old, present = (Ed25519PrivateKey.generate() for _ in range(2))
    given = {trust.key_id(_public(present)): _public(present)}
    lines = [_handover(old, present), _handover(present, old, is_signed=False)]
    order = handovers.extend(given, lines).order
    assert order == (trust.key_id(_public(old)), trust.key_id(_public(present)))
