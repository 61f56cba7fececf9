"""The bytes that seals are made of never change: known answers, and every value told from every other."""

import struct
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from audit import canonical
from audit.canonical import NOTHING, climb, commit, encode, leaf, proof, root

WORDS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
LEAVES = [sha256(b"\0" + bytes.fromhex(word)).digest() for word in WORDS]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of the trees over the first 1 to 8 of them: the vectors of the Certificate Transparency logs."""
MOMENT = datetime(2026, 6, 1, 12, 0, 0, 7, UTC)
APP = UUID("01a2014c-7d92-72cf-83df-d30ffbfe9814")


@pytest.mark.parametrize("size", range(1, 9))
def test_a_root_is_that_of_rfc_9162(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 31, 33, 100])
def test_every_proof_leads_to_the_root(size: int) -> None:
    leaves = [sha256(bytes([n])).digest() for n in range(size)]
    top = root(leaves)
    assert all(climb(leaves[n], n, size, proof(leaves, n)) == top for n in range(size))


def test_a_proof_is_as_long_as_the_tree_is_high() -> None:
    assert [len(proof(LEAVES, n)) for n in range(8)] == [3] * 8
    assert proof(LEAVES[:1], 0) == []


@pytest.mark.parametrize("place", range(7))
def test_a_leaf_does_not_lead_to_the_root_from_another_place(place: int) -> None:
    assert climb(LEAVES[7], place, 8, proof(LEAVES, 7)) != root(LEAVES)


def test_a_proof_that_was_cut_short_or_drawn_out_leads_nowhere() -> None:
    path = proof(LEAVES, 3)
    assert climb(LEAVES[3], 3, 8, path[:-1]) != root(LEAVES)
    with pytest.raises(ValueError, match="too long"):
        climb(LEAVES[3], 3, 8, [*path, NOTHING])


@pytest.mark.parametrize("index", [-1, 8])
def test_there_are_as_many_leaves_as_there_are(index: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        climb(LEAVES[0], index, 8, [])


ENCODED: list[tuple[Any, bytes]] = [
    (None, b"0"),
    (True, b"y"),
    (False, b"f"),
    (7, b"n\0\0\0\x017"),
    (-12, b"n\0\0\0\x03-12"),
    (1.0, b"n\0\0\0\x011"),
    (1.5, b"n\0\0\0\x031.5"),
    ("", b"t\0\0\0\0"),
    ("né", b"t\0\0\0\x03n\xc3\xa9"),
    ("\ud800", b"t\0\0\0\x03\xed\xa0\x80"),
    (APP, b"u" + APP.bytes),
    (MOMENT, b"d" + struct.pack(">q", 1780315200000007)),
    ([1, "a"], b"l\0\0\0\x02n\0\0\0\x011t\0\0\0\x01a"),
    ({"b": None, "a": True}, b"m\0\0\0\x02t\0\0\0\x01ayt\0\0\0\x01b0"),
    ({}, b"m\0\0\0\0"),
]


@pytest.mark.parametrize(("value", "told"), ENCODED, ids=lambda value: repr(value)[:20])
def test_a_value_has_one_form(value: Any, told: bytes) -> None:
    assert encode(value) == told


def test_values_that_differ_have_forms_that_differ() -> None:
    odd: list[Any] = [
        None,
        False,
        0,
        "",
        "0",
        "f",
        [],
        {},
        [[]],
        [None],
        {"": None},
        {"": ""},
        ["a", "b"],
        ["ab"],
        [["a"], "b"],
    ]
    assert len({encode(value) for value in odd}) == len(odd)


def test_a_moment_is_the_same_in_every_zone() -> None:
    assert encode(MOMENT.astimezone(timezone(timedelta(hours=5, minutes=45)))) == encode(MOMENT)


def test_a_leaf_is_made_as_the_document_says() -> None:
    told = sha256(b"\x00alter row 1\x00" + b"t\0\0\0\x04call" + b"u" + APP.bytes + b"y" + NOTHING).digest()
    assert leaf("call", [APP, True], NOTHING) == told


def test_a_commitment_is_made_as_the_document_says() -> None:
    told = sha256(b"\x02alter personal 1\x00" + b"s" * 16 + b"t\0\0\0\x01x" + b"m\0\0\0\0").digest()
    assert commit(b"s" * 16, ["x", {}]) == told


def test_a_call_without_facts_is_committed_to_as_before_there_were_any() -> None:
    assert canonical.commit_row("call", b"s" * 16, ["x", None]) == commit(b"s" * 16, ["x"])


def test_a_call_with_facts_is_committed_to_as_the_document_says() -> None:
    facts = b"m\0\0\0\x01" + b"t\0\0\0\x05limit" + b"n\0\0\0\x0260"
    expected = sha256(b"\x02alter personal 2\x00" + b"s" * 16 + b"t\0\0\0\x01x" + facts).digest()
    assert canonical.commit_row("call", b"s" * 16, ["x", {"limit": 60}]) == expected


def test_a_checkpoint_is_hashed_as_the_document_says() -> None:
    numbers = b"n\0\0\0\x019" + b"u" + APP.bytes + b"t\0\0\0\x04call" + b"n\0\0\0\x011" + b"n\0\0\0\x015"
    told = sha256(b"\x03alter checkpoint 1\x00" + numbers + encode(MOMENT) + b"r" * 32 + b"p" * 32).digest()
    places = {"number": 9, "stream": APP, "kind": "call", "first_seq": 1, "last_seq": 5, "sealed_at": MOMENT}
    assert canonical.checkpoint_hash(**places, root=b"r" * 32, previous=b"p" * 32) == told  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["event", "call"])
def test_every_column_of_a_row_is_hashed_once(kind: str) -> None:
    from audit.integrity.sealing.row_values import RECORDS

    columns = {field.attname for field in RECORDS[kind]._meta.concrete_fields} - {"mac"}
    hashed = [*canonical.PUBLIC[kind], *canonical.PERSONAL[kind]]
    assert (set(hashed), len(hashed)) == (columns, len(columns))
