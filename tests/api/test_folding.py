"""One rule for text on both engines: what is found, what is equal and what comes first, whatever is written."""

import sys
import unicodedata

import pytest
from django.db import connection
from django.db.models import Value
from hypothesis import given, settings
from hypothesis import strategies as some

from agents.models import App
from audit.models import SavedView
from core import folding
from core.folding import Fold, by_name, contains_folded, fold, holding
from portal.models import User
from tests.api.program import Program
from tests.factories import AgentFactory, AppFactory, UserFactory, minted
from tests.keys.asking import ask, opened

SAME = (
    ("pr\u00fcfung-\u00e4", "Pr\u00fcfung-\u00c4"),
    ("pr\u00fcfung", "PRU\u0308FUNG"),
    ("Stra\u00dfe", "STRASSE"),
    ("\u1e9e", "ss"),
    ("\u0130stanbul", "i\u0307stanbul"),
    ("\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2"),
    ("\u041a\u043b\u044e\u0447", "\u043a\u043b\u044e\u0447"),
    ("\uff21\uff22\uff23", "abc"),
    ("\ufb03x", "FFIX"),
    ("caf\u00e9 \U0001f511", "CAFE\u0301 \U0001f511"),
    ("100%_\\", "100%_\\"),
    ("\u1fb3", "\u0391\u0399"),
)
DIFFERENT = (
    ("prufung", "pr\u00fcfung"),
    ("Istanbul", "\u0130stanbul"),
    ("a%c", "abc"),
    ("a_c", "abc"),
    ("\\", "/"),
)
ODD = ("%", "_", "\\", "\\%", "%%%", "'", '"', "\U0001f511", "x" * 60_000, "\u0301", "\ufdfa" * 400, "")


def in_database(*texts: str) -> list[str]:
    """What the engine folds them to."""
    rows = App.objects.filter(pk=AppFactory.create().pk)
    return [rows.values_list(Fold(Value(text)), flat=True)[0] for text in texts]


def test_texts_that_people_take_for_one_are_one_and_others_are_not(db: None) -> None:
    for one, other in SAME:
        assert fold(one) == fold(other), one
        assert in_database(one, other) == [fold(one)] * 2, one
    for one, other in DIFFERENT:
        assert fold(one) != fold(other)


@settings(max_examples=30, derandomize=True, database=None, deadline=None)
@given(
    some.lists(some.text(some.characters(codec="utf-8", exclude_characters="\0")), min_size=20, max_size=20)
)
def check_engine(texts: list[str]) -> None:
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute(f"SELECT {folding.FUNCTION}(%s)", [text])
            assert cursor.fetchone() == (fold(text),), ascii(text)


def test_the_engine_folds_any_text_as_python_does(db: None) -> None:
    check_engine()
    cased = "".join(one for one in map(chr, range(1, 0x1E960)) if one.casefold() != one)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {folding.FUNCTION}(%s)", [cased])
        assert cursor.fetchone() == (fold(cased),)


def test_every_character_with_two_cases_is_in_the_table() -> None:
    table, every = folding.fold_table(), map(chr, range(sys.maxunicode + 1))
    cased = (one for one in every if len(one.casefold()) == 1 and one.casefold() != one)
    alone = (one for one in cased if unicodedata.normalize("NFKD", one) == one)
    assert [one for one in alone if one not in table] == []


def test_what_is_looked_for_is_text_and_no_pattern(app: App) -> None:
    minted(app, name="100% x_y")
    for text, found in (("0% X", 1), ("%", 1), ("_", 1), ("x%y", 0), ("1__%", 0), ("\\", 0)):
        assert app.keys.filter(contains_folded(text, "name")).count() == found, text
    for text in ODD:
        app.keys.filter(contains_folded(text, "name") | holding(text, "prefix")).count()


def test_the_log_finds_names_folded_and_paths_as_they_are(app: App, by_admin: Program) -> None:
    _, secret = opened(minted(app, name="Pr\u00fcfung-\u00c4"))
    ask(secret)
    there = f"/apps/{app.id}/audit"

    def found(**query: str) -> int:
        return len(by_admin.get(there, **query).json()["items"])

    assert (
        found(key="pr\u00fcfung-\u00e4", kind="call") == found(key="PRU\u0308FUNG-A\u0308", kind="call") == 1
    )
    assert found(key="prufung-a") == 0
    call = by_admin.get(there, kind="call").json()["items"][0]
    assert found(path=call["path"]) == 1 and found(path=call["path"].upper()) == 0
    assert found(path="/%") == found(path="/_") == 0
    for text in ODD[:-1]:
        for name in ("key", "actor", "agent_name", "path", "caller", "ip", "request", "trace"):
            answer = by_admin.get(there, **{name: text})
            assert answer.status_code in (200, 422), (name, text[:20])


def test_prefixes_are_exact_in_every_list(app: App, by_admin: Program) -> None:
    key = minted(app).key
    piece = key.prefix[-8:]
    assert app.keys.filter(holding(piece, "prefix")).count() == 1
    if piece.swapcase() != piece:
        assert app.keys.filter(holding(piece.swapcase(), "prefix")).count() == 0


def test_agents_and_people_are_found_by_what_they_are_called(app: App, by_admin: Program) -> None:
    AgentFactory.create(app=app, name="bot", display_name="B\u00fcro Stra\u00dfe")
    for text, number in (("BU\u0308RO", 1), ("strasse", 1), ("buro", 0), ("%", 0), ("_", 0)):
        assert by_admin.get(f"/apps/{app.id}/agents", search=text).json()["total"] == number, text
    UserFactory.create(email="\u00c4nne@example.com", name="\u00c4nne")
    assert User.objects.get_by_natural_key("\u00c4NNE@example.com").name == "\u00c4nne"
    assert User.objects.filter(contains_folded("\u00e4NNE", "email", "name")).count() == 1


@pytest.mark.django_db
def test_names_stand_in_the_order_of_what_they_fold_to() -> None:
    names = ("b", "A", "_", "a-b", "ab", "\u00c4", "Z", "\U0001f511", "\u00df")
    for name in names:
        AppFactory.create(name=f"x{name}x", description=name)
    values = App.objects.order_by(*by_name("name")).values_list("name", flat=True)
    assert list(values) == sorted(values, key=fold)


def test_views_are_listed_by_name_on_either_engine(app: App) -> None:
    assert (
        "COLLATE" in str(SavedView.objects.order_by(*by_name("name")).query) or connection.vendor == "sqlite"
    )
