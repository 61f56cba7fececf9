"""What someone with the database in their hands might do to the record, with the fences down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.models import F

from audit import canonical
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.checking.trust import key_id as id_of
from audit.integrity.sealing import row_values
from audit.integrity.sealing.row_values import RECORDS
from audit.integrity.sealing.signing import key_id
from audit.models import Call, Checkpoint, Event, Pending, Seal, SealKey
from core.ids import new_id
from tests.audit.records import APP, MINUTE, NOON, called

PER_BATCH = 12
"""Calls under one checkpoint of the log that is tampered with."""
THEIRS = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
Tamper = Callable[[], object]


class _Undone(Exception):
    """Takes back what was done."""


@contextmanager
def undone() -> Iterator[None]:
    """Within this block fences are down, on SQLite those of JSON too. What it did is taken back."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        with suppress(_Undone), maintenance():
            yield
            raise _Undone
        cursor.execute("PRAGMA ignore_check_constraints = OFF")


def seal(seq: int, kind: str = "call") -> Seal:
    return Seal.objects.get(stream=APP, kind=kind, seq=seq)


def row(seq: int, kind: str = "call") -> Any:
    return RECORDS[kind].objects.get(id=seal(seq, kind).row_id)


def edit(seq: int, kind: str = "call", **columns: Any) -> None:
    RECORDS[kind].objects.filter(id=seal(seq, kind).row_id).update(**columns)


def fit(seq: int, kind: str = "call") -> None:
    """Make the leaf of a row that was edited fit it."""
    its = seal(seq, kind)
    told = row_values.from_model(row(seq, kind))
    Seal.objects.filter(row_id=its.row_id).update(leaf=told.leaf(told.commitment(bytes(its.salt or b""))))


def edit_a_field() -> None:
    edit(17, ip="198.51.100.66")


def edit_an_act() -> None:
    edit(9, "event", reason="")


def edit_a_moment() -> None:
    """So that it lies in another month."""
    edit(17, at=NOON.replace(month=1))


def move_to_another_app() -> None:
    edit(17, app_id=new_id())


def edit_and_fix_the_leaf() -> None:
    edit(17, status=200, allowed=True)
    fit(17)


def delete_a_row() -> None:
    Call.objects.filter(id=seal(17).row_id).delete()


def delete_a_row_and_its_seal() -> None:
    delete_a_row()
    Seal.objects.filter(row_id=seal(17).row_id).delete()


def delete_and_renumber() -> None:
    delete_a_row_and_its_seal()
    for later in Seal.objects.filter(stream=APP, kind="call", seq__gt=17).order_by("seq"):
        Seal.objects.filter(row_id=later.row_id).update(seq=F("seq") - 1)


def swap_contents() -> None:
    one, other = row(15), row(19)
    names = [field.name for field in Call._meta.concrete_fields if field.name != "id"]
    ours, theirs = ({name: getattr(which, name) for name in names} for which in (one, other))
    edit(15, **theirs)
    edit(19, **ours)


def swap_places() -> None:
    _exchange(15, 19)


def swap_places_across_batches() -> None:
    _exchange(15, 30)


def insert_a_row() -> None:
    put_in()


def insert_with_a_forged_seal() -> None:
    """In the place after the last one."""
    forge(put_in(), 5 * PER_BATCH + 1)


def insert_in_place_of_another() -> None:
    delete_a_row_and_its_seal()
    forge(put_in(), 17)


def cut_the_tail() -> None:
    """The last two batches of calls, and all that came after the first of them."""
    first = Checkpoint.objects.filter(stream=APP, kind="call").order_by("-number")[1]
    for gone in Checkpoint.objects.filter(number__gte=first.number):
        remove(gone)


def drop_a_checkpoint() -> None:
    Checkpoint.objects.filter(stream=APP, kind="call", first_seq=PER_BATCH + 1).delete()


def drop_a_batch() -> None:
    remove(Checkpoint.objects.get(stream=APP, kind="call", first_seq=PER_BATCH + 1))


def say_that_rows_were_purged() -> None:
    checkpoint = Checkpoint.objects.get(stream=APP, kind="call", first_seq=PER_BATCH + 1)
    remove(checkpoint, all_of_it=False)
    Checkpoint.objects.filter(number=checkpoint.number).update(purged_at=NOON)


def say_that_a_row_was_erased() -> None:
    its, told = seal(17), row_values.from_model(row(17))
    commitment = told.commitment(bytes(its.salt or b""))
    Seal.objects.filter(row_id=its.row_id).update(salt=None, commitment=commitment)
    edit(17, ip="", user_agent="", caller="", context={}, path="", detail="")


def edit_what_is_said_to_be_erased() -> None:
    say_that_a_row_was_erased()
    edit(17, path="/innocent")


def rewrite_without_the_key() -> None:
    _rewrite(lambda checkpoint, _: {"signature": checkpoint.signature})


def rewrite_with_another_key() -> None:
    public = THEIRS.public_key().public_bytes_raw()
    SealKey.objects.create(id=id_of(public), public=public)
    _rewrite(lambda _, told: {"key_id": id_of(public), "signature": THEIRS.sign(canonical.signed(told))})


def rewrite_in_the_name_of_the_key() -> None:
    """With another key, which takes the place of the one there was."""
    public = THEIRS.public_key().public_bytes_raw()
    SealKey.objects.filter(id=key_id()).update(public=public)
    _rewrite(lambda _, told: {"signature": THEIRS.sign(canonical.signed(told))})


def remove_the_app() -> None:
    for gone in Checkpoint.objects.filter(stream=APP):
        remove(gone)


def put_in(**columns: Any) -> Call:
    """A row that no one lets wait."""
    forged = called(**{"at": NOON + MINUTE, **columns})
    Pending.objects.filter(row_id=forged.id).delete()
    return forged


def forge(entry: Event | Call, seq: int) -> None:
    told, salt = row_values.from_model(entry), bytes(16)
    leaf = told.leaf(told.commitment(salt))
    Seal.objects.create(row_id=entry.id, stream=APP, kind=told.kind, seq=seq, leaf=leaf, salt=salt)


def with_fences_down(tamper: Tamper) -> None:
    with transaction.atomic(), maintenance():
        tamper()


def _exchange(one: int, other: int) -> None:
    first, second = seal(one), seal(other)
    for its, seq in ((first, 0), (second, one), (first, other)):
        Seal.objects.filter(row_id=its.row_id).update(seq=seq)


def remove(one: Checkpoint, *, all_of_it: bool = True) -> None:
    """A batch: its rows, its seals and, with all of it, the checkpoint."""
    seals = Seal.objects.filter(stream=one.stream, kind=one.kind, seq__range=(one.first_seq, one.last_seq))
    RECORDS[one.kind].objects.filter(id__in=list(seals.values_list("row_id", flat=True))).delete()
    seals.delete()
    if all_of_it:
        Checkpoint.objects.filter(number=one.number).delete()


def _rewrite(signed: Callable[[Checkpoint, bytes], dict[str, Any]]) -> None:
    """Edit a row, and make all that follows from it fit: leaf, root, hashes, links."""
    edit_and_fix_the_leaf()
    mine = Checkpoint.objects.filter(stream=APP, kind="call", last_seq__gte=17).order_by("first_seq")
    previous = bytes(mine[0].previous)
    for one in mine:
        seals = Seal.objects.filter(stream=APP, kind="call", seq__range=(one.first_seq, one.last_seq))
        one.root = canonical.root([bytes(its.leaf) for its in seals.order_by("seq")])
        one.previous = previous
        told = ("number", "stream", "kind", "first_seq", "last_seq", "root", "previous", "sealed_at")
        previous = canonical.checkpoint_hash(**{name: getattr(one, name) for name in told})
        new = {"root": one.root, "previous": one.previous, "hash": previous, **signed(one, previous)}
        Checkpoint.objects.filter(number=one.number).update(**new)
