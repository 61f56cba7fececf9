"""Proofs for rows of any batch, in any order."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import canonical
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.sealing import proof_trees, sealer
from audit.integrity.sealing.proof_trees import Trees
from audit.models import Checkpoint, Seal
from tests.audit.records import APP, called
from tests.audit.sealed import sealed, some

pytestmark = pytest.mark.django_db


def leads_to_its_root(seal: Seal, known: Trees) -> bool:
    tree = known.find(seal.kind, seal.seq)
    if tree is None:
        return False
    one = tree.checkpoint
    place, count = seal.seq - one.first_seq, one.last_seq - one.first_seq + 1
    return canonical.climb(bytes(seal.leaf), place, count, tree.proof(seal.seq)) == bytes(one.root)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_every_proof_leads_to_the_root_whatever_the_order(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(sealer, "BATCH_SIZE", size)
    monkeypatch.setattr(proof_trees, "BATCH_SIZE", 5)
    rows = sealed(*some(calls=16, acts=5))
    random.Random(size).shuffle(rows)
    known = Trees(APP)
    assert all(leads_to_its_root(seal, known) for seal in rows)


def test_neighbours_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH_SIZE", 2)
    rows, known = sealed(*some(calls=8, acts=0)), Trees(APP)
    known.find("call", 1)
    with CaptureQueriesContext(connection) as queries:
        assert all(known.find(seal.kind, seal.seq) for seal in rows)
    assert len(queries) == 0


def test_a_row_whose_checkpoint_is_gone_has_no_tree() -> None:
    sealed(called())
    with maintenance():
        Checkpoint.objects.all().delete()
    assert Trees(APP).find("call", 1) is None


def test_nor_has_one_between_two_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH_SIZE", 1)
    sealed(*some(calls=3, acts=0))
    with maintenance():
        Checkpoint.objects.filter(first_seq=2).delete()
    known = Trees(APP)
    assert [known.find("call", seq) is None for seq in (1, 2, 3)] == [False, True, False]


def test_the_levels_of_a_tree_make_the_proofs_of_all_its_leaves() -> None:
    leaves = [bytes([n]) * 32 for n in range(11)]
    levels = canonical.levels(leaves)
    assert [canonical.path(levels, n) for n in range(11)] == [canonical.proof(leaves, n) for n in range(11)]
