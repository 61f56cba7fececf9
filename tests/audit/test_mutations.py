"""Whatever is done to the record behind its back is found and located: in the database, and in an export of it."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit import anchors, checkpoints, seals, signing
from audit.findings import Finding
from audit.ids import new_id
from audit.inspection import Inspection
from audit.integrity import Scope, check
from audit.models import Call, Checkpoint, Event
from tests.audit import tampering
from tests.audit.records import APP, MINUTE, NOON, acted, called
from tests.audit.taken_out import whole, written
from tests.audit.tampering import PER_BATCH, with_fences_down

pytestmark = pytest.mark.django_db
OTHER = new_id()
Found = list[tuple[str, str, int | None]]

MUTATIONS: dict[Any, tuple[str, str, int | None]] = {
    tampering.edit_a_field: ("edited", "call", 17),
    tampering.edit_an_act: ("edited", "event", 9),
    tampering.edit_a_moment: ("edited", "call", 17),
    tampering.move_to_another_app: ("edited", "call", 17),
    tampering.edit_and_fix_the_leaf: ("root", "call", 13),
    tampering.delete_a_row: ("missing", "call", 17),
    tampering.delete_a_row_and_its_seal: ("missing", "call", 17),
    tampering.delete_and_renumber: ("root", "call", 13),
    tampering.swap_contents: ("moved", "call", 15),
    tampering.swap_places: ("moved", "call", 16),
    tampering.swap_places_across_batches: ("moved", "call", 16),
    tampering.insert_with_a_forged_seal: ("inserted", "call", 61),
    tampering.insert_in_place_of_another: ("moved", "call", 17),
    tampering.drop_a_checkpoint: ("missing", "call", 13),
    tampering.drop_a_batch: ("missing", "call", 13),
    tampering.say_that_rows_were_purged: ("purge", "call", 13),
    tampering.say_that_a_row_was_erased: ("erasure", "call", 17),
    tampering.edit_what_is_said_to_be_erased: ("erasure", "call", 17),
    tampering.rewrite_without_the_key: ("signature", "call", 13),
    tampering.rewrite_with_another_key: ("signature", "call", 13),
    tampering.rewrite_in_the_name_of_the_key: ("signature", "call", 13),
    tampering.cut_the_tail: ("cut", "call", 37),
    tampering.remove_the_app: ("missing", "event", 1),
}
"""To what the database check says first of it, and where."""


@pytest.fixture(autouse=True)
def log(db: None) -> None:
    """Two streams of five batches each, and another app's between them."""
    for batch in range(5):
        begins = NOON + batch * 100 * MINUTE
        Call.objects.bulk_create(_call(begins + n * MINUTE, n) for n in range(PER_BATCH))
        Event.objects.bulk_create(_act(begins + n * MINUTE, n) for n in range(6))
        called(OTHER, begins)
        seals.seal_all()


def _call(at: Any, n: int) -> Call:
    return Call(app_id=APP, at=at, via="door", method="GET", path=f"/grants/{n}", status=403, allowed=False)


def _act(at: Any, n: int) -> Event:
    return Event(app_id=APP, at=at, via="page", action="key.rename", actor_label="Ann", reason=f"no. {n}")


def in_the_database(scope: Scope = Scope(APP)) -> list[Finding]:
    return [found for step in check(scope) for found in step.findings if not found.is_note]


def in_a_file(kept: Iterator[Path] | None = None) -> list[Finding]:
    lines = whole()
    trusted = {signing.key_id(): signing.public_key()}
    inspection = Inspection(io.BytesIO(written(lines)), trusted, tuple(kept or ()))
    return [found for found in inspection.findings() if not found.is_note]


def places(found: list[Finding]) -> Found:
    return [(one.what, one.where.kind, one.where.seq) for one in found]


@pytest.mark.parametrize("scope", [Scope(APP), Scope()], ids=["an app", "the portal"])
def test_nothing_is_found_where_nothing_was_done(scope: Scope) -> None:
    assert in_the_database(scope) == in_a_file() == in_a_file(iter(checkpoints.files())) == []


@pytest.mark.parametrize(("tamper", "told"), MUTATIONS.items(), ids=lambda it: getattr(it, "__name__", ""))
def test_a_mutation_is_found_in_the_database(tamper: Any, told: tuple[str, str, int | None]) -> None:
    with_fences_down(tamper)
    assert told in places(in_the_database())
