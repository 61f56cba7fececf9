"""A person who is erased is nowhere any more: not in the record, not beside it, not in what is taken out or sent on."""

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import QuerySet

from agents.models import App
from audit import canonical
from audit.actions import EVERY
from audit.actors import shell
from audit.integrity.checking.check import CheckRange, check
from audit.models import Call, Event, SavedView, Span
from core.errors import Invalid
from core.ids import new_id
from portal.accounts.account_changes import deactivate
from portal.accounts.erasure import erase_person
from portal.models import Notification, User
from tests.audit.records import NOON, acted, called
from tests.audit.sealed import sealed
from tests.factories import issued, member, minted
from tests.shell import Said

pytestmark = pytest.mark.django_db
NAME, EMAIL, IP = "Zoë Ünterberg", "zoe.unterberg@example.com", "198.51.100.66"
SPELLINGS = (
    NAME,
    NAME.upper(),
    EMAIL,
    EMAIL.upper(),
    f"{NAME} <{EMAIL}>",
    quote_plus(EMAIL),
    f"“{NAME}”, it says.",
)


@pytest.fixture
def ann(app: App) -> User:
    """Someone who has gone."""
    user = member("developer", app, email=EMAIL, name=NAME)
    deactivate(shell(), user)
    return user


def seeded(app: App, ann: User) -> None:
    """A name and an address wherever they may stand."""
    acts = [
        acted(app.id, action=name, actor_id=str(ann.pk), actor_label=ann.label)
        for name in EVERY
        if _erasable(name)
    ]
    for number, name in enumerate(filter(_erasable, EVERY)):
        spelling = SPELLINGS[number % len(SPELLINGS)]
        deep = {"people": [{"who": spelling}, {spelling: 1}], "n": number}
        acted(app.id if number % 2 else None, action=name, actor_id="", actor_label=spelling, ip="")
        acted(app.id, action=name, target_id="", target_label=f"to {spelling}")
        acted(app.id, action=name, reason=f"because {spelling} said so")
        acted(app.id, action=name, changes={"email": [spelling, None]})
        acted(app.id, action=name, facts=deep)
        acted(app.id, action=name, context={"run_id": spelling}, caller=spelling, user_agent=spelling)
    for spelling in SPELLINGS:
        for column in ("user_agent", "caller", "path", "detail"):
            told: dict[str, Any] = {column: f"/{spelling}"}
            called(app.id, **told)
        called(app.id, context={"tool": spelling})
    assert acts


def _erasable(name: str) -> bool:
    """Acts that account for rows which are gone name rows, and the shell's own words."""
    return name not in (
        "audit.erase",
        "audit.erase-elsewhere",
        "audit.purge",
        "audit.reanchor",
        "audit.forge",
    )


def beside(app: App, ann: User) -> None:
    view = {"app_id": app.id, "owner_id": str(ann.pk), "owner_label": ann.label, "name": f"what {NAME} did"}
    views: QuerySet[SavedView] = QuerySet(SavedView)
    views.bulk_create([SavedView(**view, query=f"q={quote_plus(EMAIL)}")])
    Notification.objects.create(
        user=ann, kind="account", dedupe_key="m", title=f"{NAME} revoked a key", text=EMAIL, path="/"
    )
    Span.objects.create(
        app_id=app.id,
        key_id=new_id(),
        trace_id="t",
        span_id="s",
        name=NAME,
        started_at=NOON,
        attributes={"to": EMAIL},
    )
    minted(app, name="other", metadata={"owner": EMAIL, "more": [NAME]})
    issued(member("admin", None), name=f"for {NAME}")


def everything() -> Iterator[tuple[str, str]]:
    """Every text of every table."""
    for model in apps.get_models():
        names = [field.attname for field in model._meta.concrete_fields]
        for row in QuerySet(model).values(*names):
            for name, value in row.items():
                told = (
                    bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else value
                )
                text = json.dumps(told, ensure_ascii=False, default=str)
                yield f"{model._meta.label}.{name}", text


def telling(*words: str) -> set[str]:
    """The columns in which one of the words stands, whatever its case."""
    wanted = {spelling.casefold() for word in words for spelling in (word, quote_plus(word))}
    return {where for where, text in everything() if any(one in text.casefold() for one in wanted)}


def test_nothing_tells_of_a_person_who_was_erased(app: App, ann: User) -> None:
    seeded(app, ann)
    beside(app, ann)
    sealed()
    assert len(telling(NAME, EMAIL)) > 20
    done = erase_person(shell(), actor_id=str(ann.pk), reason="Request 114")
    assert telling(NAME, EMAIL) == set()
    assert done.record.unfit == 0
    assert {
        "audit.SavedView",
        "audit.Span",
        "keys.ApiKey",
        "portal.AccessToken",
        "portal.Notification",
    } <= done.elsewhere.keys()
    sealed()
    assert [finding for step in check(CheckRange()) for finding in step.wrong] == []
    taken_out = io.StringIO()
    call_command("export_audit", app=str(app.id), format="csv", stdout=taken_out)
    assert EMAIL.casefold() not in taken_out.getvalue().casefold()


def test_others_stay(app: App, ann: User) -> None:
    others = ("Zoë Ünterberger", "jo.zoe.unterberg@example.com", "zoe.unterberg@example.com.au", "Zoë")
    rows = [acted(app.id, reason=other, actor_id="", actor_label=other) for other in others]
    sealed()
    erase_person(shell(), actor_id=str(ann.pk), reason="Request 114")
    assert [Event.objects.get(id=row.id).reason for row in rows] == list(others)


def test_an_address_is_found_by_value_too(app: App) -> None:
    acted(app.id, facts={"from": [IP]}, ip="")
    called(app.id, detail=f"{IP} is not in 10.0.0.0/8")
    other = called(app.id, detail=f"1{IP}", ip="203.0.113.7")
    sealed()
    erase_person(shell(), ip=IP, reason="Request 114")
    assert telling(IP) <= {"audit.Call.detail"}
    assert Call.objects.get(id=other.id).detail == f"1{IP}"


def test_who_never_had_an_account_is_found_by_value(app: App) -> None:
    acted(
        app.id,
        action="sign-in.fail",
        actor_id="",
        actor_label=EMAIL.upper(),
        target_id="",
        target_label=EMAIL.upper(),
    )
    sealed()
    result = Said("erase_person", "--value", EMAIL, "--reason", "Request 114", "--json")
    assert (result.code, result.json["rows"], telling(EMAIL)) == (0, 1, set())


def test_names_that_seals_hold_are_told_of(app: App) -> None:
    called(app.id, key_name=f"{NAME}'s laptop")
    sealed()
    assert erase_person(shell(), values=[NAME], reason="Request 114").record.kept == 1


def test_an_open_account_is_not_erased(app: App) -> None:
    user = member("developer", app, email=EMAIL, name=NAME)
    for whom in ({"actor_id": str(user.pk)}, {"values": [EMAIL.upper()]}):
        with pytest.raises(Invalid, match="Deactivate"):
            erase_person(shell(), **whom, reason="Request 114")


def test_a_reason_may_not_name_them_and_a_value_must_be_one(app: App) -> None:
    for values, reason in ((["Zoë"], "x"), ([EMAIL], f"for {EMAIL}")):
        with pytest.raises(Invalid):
            erase_person(shell(), values=values, reason=reason)


def test_every_personal_column_is_seeded() -> None:
    of_events = "ip user_agent caller context actor_label target_label reason changes facts"
    assert {*of_events.split(), "path", "detail"} == {
        *canonical.PERSONAL["event"],
        *canonical.PERSONAL["call"],
    }
