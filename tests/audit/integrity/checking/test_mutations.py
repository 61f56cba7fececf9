"""Whatever is done to the record behind its back is found and located: in the database, and in an export of it."""

import io
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker, Settings

from audit.integrity.checking.check import CheckRange, check
from audit.integrity.checking.findings import Finding
from audit.integrity.checking.inspection import Inspection
from audit.integrity.sealing import checkpoints, sealer, signing
from audit.models import Call, Event
from audit.retention import purging
from core.clock import at, now
from core.ids import new_id
from tests.audit import tampering
from tests.audit.records import APP, DAY, HOUR, MINUTE, NOON, acted, called
from tests.audit.taken_out import Line, whole, written
from tests.audit.tampering import PER_BATCH, Tamper, put_in, with_fences_down

pytestmark = pytest.mark.django_db
OTHER = new_id()
AN_APP = CheckRange(APP)
Place = tuple[str, str, int | None]

MUTATIONS: dict[Tamper, tuple[Place, Place | None]] = {
    tampering.edit_a_field: (("edited", "call", 17), ("edited", "call", 17)),
    tampering.edit_an_act: (("edited", "event", 9), ("edited", "event", 9)),
    tampering.edit_a_moment: (("edited", "call", 17), ("edited", "call", 17)),
    tampering.move_to_another_app: (("edited", "call", 17), ("edited", "call", 17)),
    tampering.edit_and_fix_the_leaf: (("root", "call", 13), ("root", "call", 13)),
    tampering.delete_a_row: (("missing", "call", 17), ("missing", "call", 17)),
    tampering.delete_a_row_and_its_seal: (("missing", "call", 17), ("missing", "call", 17)),
    tampering.delete_and_renumber: (("root", "call", 13), ("root", "call", 13)),
    tampering.swap_contents: (("moved", "call", 15), ("edited", "call", 15)),
    tampering.swap_places: (("moved", "call", 16), ("moved", "call", 16)),
    tampering.swap_places_across_batches: (("moved", "call", 16), ("moved", "call", 16)),
    tampering.insert_with_a_forged_seal: (("inserted", "call", 61), None),
    tampering.insert_in_place_of_another: (("moved", "call", 17), ("moved", "call", 17)),
    tampering.drop_a_checkpoint: (("missing", "call", 13), ("missing", "call", 13)),
    tampering.drop_a_batch: (("missing", "call", 13), ("missing", "call", 13)),
    tampering.say_that_rows_were_purged: (("purge", "call", 13), ("purge", "call", 13)),
    tampering.say_that_a_row_was_erased: (("erasure", "call", 17), ("erasure", "call", 17)),
    tampering.edit_what_is_said_to_be_erased: (("erasure", "call", 17), ("erasure", "call", 17)),
    tampering.rewrite_without_the_key: (("signature", "call", 13), ("signature", "call", 13)),
    tampering.rewrite_with_another_key: (("signature", "call", 13), ("signature", "call", 13)),
    tampering.rewrite_in_the_name_of_the_key: (("signature", "call", 13), ("signature", "call", 13)),
    tampering.cut_the_tail: (("cut", "call", 37), ("cut", "call", 37)),
    tampering.remove_the_app: (("missing", "event", 1), ("cut", "event", 1)),
}
"""To what the check of the database says, and that of an export made afterwards. None: it is not in an export."""


@pytest.fixture(scope="module")
def log(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Two streams of five batches each, and another app's between them: made once. Where its checkpoints are kept."""
    kept, marks = tmp_path_factory.mktemp("kept"), tmp_path_factory.mktemp("marks")
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(CHECKPOINT_DIR=kept, MARKS_DIR=marks):
            make()
        yield kept
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def its_checkpoints(log: Path, db: None, settings: Settings) -> None:
    """Let each test find the files as they were."""
    shutil.copytree(log, settings.CHECKPOINT_DIR)


def make() -> None:
    for batch in range(5):
        begins = NOON + batch * 100 * MINUTE
        Call.objects.bulk_create(_call(begins + n * MINUTE, n) for n in range(PER_BATCH))
        Event.objects.bulk_create(_act(begins + n * MINUTE, n) for n in range(6))
        called(OTHER, begins)
        sealer.seal_all()


def _call(moment: datetime, n: int) -> Call:
    return Call(
        app_id=APP, at=moment, via="door", method="GET", path=f"/grants/{n}", status=403, allowed=False
    )


def _act(moment: datetime, n: int) -> Event:
    return Event(app_id=APP, at=moment, via="page", action="key.rename", actor_label="Ann", reason=f"no. {n}")


def in_the_database(scope: CheckRange = AN_APP) -> list[Finding]:
    return [finding for step in check(scope) for finding in step.findings if not finding.is_note]


def in_a_file(lines: list[Line] | None = None, kept: Sequence[Path] = ()) -> list[Finding]:
    trusted = {signing.key_id(): signing.public_key()}
    with at(now() + HOUR):
        told = written(lines or whole())
    inspection = Inspection(io.BytesIO(told), trusted, tuple(kept))
    return [finding for finding in inspection.findings() if not finding.is_note]


def places(found: list[Finding]) -> list[Place]:
    return [(one.what, one.where.kind, one.where.seq) for one in found]


@pytest.mark.parametrize(
    "scope", [CheckRange(APP), CheckRange(OTHER), CheckRange()], ids=["an app", "another", "the portal"]
)
def test_nothing_is_found_where_nothing_was_done(scope: CheckRange) -> None:
    assert in_the_database(scope) == []


@pytest.mark.parametrize("tamper", MUTATIONS, ids=lambda tamper: tamper.__name__)
def test_a_mutation_is_found_in_the_database(tamper: Tamper) -> None:
    with_fences_down(tamper)
    assert MUTATIONS[tamper][0] in places(in_the_database())


@pytest.mark.parametrize("tamper", MUTATIONS, ids=lambda tamper: tamper.__name__)
def test_it_is_found_when_all_of_the_portal_is_checked(tamper: Tamper) -> None:
    with_fences_down(tamper)
    assert MUTATIONS[tamper][0] in places(in_the_database(CheckRange()))


@pytest.mark.parametrize(
    "tamper", [t for t, told in MUTATIONS.items() if told[1]], ids=lambda tamper: tamper.__name__
)
def test_it_is_found_in_what_the_portal_exports_afterwards(tamper: Tamper) -> None:
    with_fences_down(tamper)
    assert MUTATIONS[tamper][1] in places(in_a_file(kept=checkpoints.files()))


def test_a_row_that_was_put_in_is_named() -> None:
    with_fences_down(tampering.insert_a_row)
    forged = Call.objects.get(path="/grants", app_id=APP)
    (found,) = in_the_database()
    assert (found.what, found.where.row_id) == ("inserted", forged.id)


def test_a_row_that_was_put_in_long_before_there_were_computers_is_named() -> None:
    with_fences_down(lambda: put_in(at=NOON.replace(year=1900)))
    assert places(in_the_database()) == [("inserted", "call", None)]


def test_without_files_a_cut_tail_shows_in_the_numbers_once_more_is_sealed(settings: Settings) -> None:
    """Numbers go on where the database ends: whoever cuts the end off has cut the whole end off. Files tell."""
    with_fences_down(tampering.drop_a_batch)
    shutil.rmtree(settings.CHECKPOINT_DIR)
    assert ("number", "", None) in places(in_the_database(CheckRange(OTHER)))


def test_an_untouched_log_is_found_untouched_while_rows_are_written() -> None:
    for _ in range(3):
        called(APP, at=now())
        assert in_the_database() == []
        acted(APP), sealer.seal_all()
        assert in_the_database() == in_a_file(kept=checkpoints.files()) == []


def test_after_a_purge_by_the_portal_nothing_is_found() -> None:
    with at(now() + 30 * DAY):
        assert purging.sealed("call", now() - 10 * DAY) == 5 * PER_BATCH + 5
        sealer.seal_all()
    assert in_the_database(CheckRange()) == in_a_file(kept=checkpoints.files()) == []


def test_a_portal_that_keeps_no_files_says_so(settings: Settings) -> None:
    shutil.rmtree(settings.CHECKPOINT_DIR)
    assert "unkept" in [finding.what for step in check(CheckRange(APP)) for finding in step.findings]


def test_rows_sealed_long_after_their_moment_are_pointed_out() -> None:
    told = [
        finding for step in check(CheckRange(APP)) for finding in step.findings if finding.what == "backdated"
    ]
    assert len(told) == 10
