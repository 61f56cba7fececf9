"""Searches that are kept: who sees them, who may change and end them, and that no key is in them."""

from collections.abc import Callable
from typing import Any

import pytest

from agents.models import App
from audit.actors import Actor
from audit.models import Event, SavedView
from audit.search import saved_views
from audit.search.saved_views import TooManyViews, ViewNameTaken, end, rename, save_view, share, views_for
from core.errors import Invalid, NotAllowed, NotFound, Refusal
from keys.plaintext import generate
from portal.models import User

Acting = Callable[[User, App | None], Actor]
Kept = Callable[..., SavedView]


@pytest.fixture
def me(acting: Acting, developer: User, app: App) -> Actor:
    return acting(developer, app)


@pytest.fixture
def colleague(acting: Acting, support: User, app: App) -> Actor:
    return acting(support, app)


@pytest.fixture
def boss(acting: Acting, admin: User, app: App) -> Actor:
    return acting(admin, app)


@pytest.fixture
def kept(me: Actor, app: App) -> Kept:
    return lambda name="Refunds", query="outcome=denied", **how: save_view(me, app.id, name, query, **how)


def test_a_view_is_kept_for_its_owner_alone(kept: Kept, me: Actor, colleague: Actor, app: App) -> None:
    view = kept()
    assert list(views_for(me, app.id)) == [view]
    assert list(views_for(colleague, app.id)) == []


def test_a_shared_view_is_seen_by_everyone_of_the_app(kept: Kept, colleague: Actor, app: App) -> None:
    view = kept(shared=True)
    assert list(views_for(colleague, app.id)) == [view]


def test_a_view_of_another_app_is_not_seen(kept: Kept, me: Actor, other_app: App) -> None:
    kept(shared=True)
    assert list(views_for(me, other_app.id)) == []


def test_that_it_was_kept_is_on_record(kept: Kept) -> None:
    view = kept()
    event = Event.objects.get(action="view.save")
    assert (event.target_id, event.changes["query"]) == (str(view.id), [None, "outcome=denied"])


@pytest.mark.parametrize(
    ("query", "kept_as"),
    [
        ("?ip=203.0.113.7&before=1-2", "ip=203.0.113.7"),
        ("since=2026-01-01", "range=custom&since=2026-01-01"),
        ("", ""),
    ],
)
def test_a_query_is_kept_as_the_log_writes_it(kept: Kept, query: str, kept_as: str) -> None:
    assert kept(query=query).query == kept_as


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("q=key:nosuch", "“q” cannot be saved"),
        ("range=7d&q=outcome:denied", "“q” cannot be saved"),
        ("key=", "“key” is empty"),
        ("ip=203.0.113.7&range=%20", "“range” is empty"),
        ("outcome=denied&outcome=allowed", "Use “outcome” only once"),
        ("range=24h&since=2026-01-01", "“since” has no effect"),
        ("outcome=denied&odd", "“odd” is empty"),
    ],
)
def test_no_filter_is_dropped_in_silence(kept: Kept, query: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        kept(query=query)


def test_a_query_with_a_name_that_nothing_has_is_not_kept(kept: Kept) -> None:
    with pytest.raises(Invalid):
        kept(query="ip=203.0.113.7&nonsense=1")


def test_a_key_in_a_query_is_cut_to_its_prefix(kept: Kept) -> None:
    secret = generate("app")
    assert kept(query=f"key={secret.take()}").query == f"key={secret.prefix}"


@pytest.mark.parametrize("query", ["outcome=maybe", "range=9y", "key_id=x", "path=" + "/" * 400])
def test_filters_that_cannot_be_read_are_not_kept(kept: Kept, query: str) -> None:
    with pytest.raises(Invalid):
        kept(query=query)


@pytest.mark.parametrize("name", ["", "  ", "\0", "x" * 61])
def test_a_view_needs_a_name(kept: Kept, name: str) -> None:
    with pytest.raises(Invalid):
        kept(name=name)


def test_a_name_is_one_views(kept: Kept) -> None:
    kept()
    with pytest.raises(ViewNameTaken):
        kept(query="")


def test_two_people_may_use_one_name(kept: Kept, colleague: Actor, app: App) -> None:
    kept()
    assert save_view(colleague, app.id, "Refunds", "").name == "Refunds"


def test_there_can_be_so_many_and_no_more(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MAX_VIEWS", 1)
    kept()
    with pytest.raises(TooManyViews):
        kept(name="Another")


def test_its_owner_renames_shares_and_ends_it(kept: Kept, me: Actor, app: App) -> None:
    view = kept()
    rename(me, view, "Refused refunds")
    share(me, view, True)
    share(me, view, False)
    end(me, view)
    done = Event.objects.filter(target_id=str(view.id)).order_by("at", "id").values_list("action", flat=True)
    assert list(done) == ["view.save", "view.rename", "view.share", "view.share", "view.end"]
    assert list(views_for(me, app.id)) == []


def test_the_name_of_an_ended_view_is_free(kept: Kept, me: Actor) -> None:
    end(me, kept())
    assert kept().ended_at is None


def test_nothing_new_is_no_event(kept: Kept, me: Actor) -> None:
    view = kept()
    rename(me, view, "Refunds")
    share(me, view, False)
    assert Event.objects.filter(target_id=str(view.id)).count() == 1


CHANGES: dict[str, Callable[[Actor, SavedView], Any]] = {
    "rename": lambda actor, view: rename(actor, view, "Mine"),
    "share": lambda actor, view: share(actor, view, False),
    "end": end,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_colleague_may_not_change_a_shared_view(kept: Kept, colleague: Actor, change: str) -> None:
    with pytest.raises(NotAllowed):
        CHANGES[change](colleague, kept(shared=True))


@pytest.mark.parametrize("change", ["rename", "share"])
def test_an_ended_view_is_not_changed(kept: Kept, me: Actor, change: str) -> None:
    view = kept()
    end(me, view)
    with pytest.raises(NotFound):
        CHANGES[change](me, view)


def test_who_may_export_the_record_may_end_what_is_shared(kept: Kept, boss: Actor) -> None:
    view = kept(shared=True)
    end(boss, view)
    assert view.ended_at


def test_what_is_not_shared_is_its_owners_alone(kept: Kept, boss: Actor) -> None:
    with pytest.raises(NotAllowed):
        end(boss, kept())


def test_nobody_of_another_app_may(kept: Kept, acting: Acting, outsider: User, other_app: App) -> None:
    with pytest.raises(Refusal):
        end(acting(outsider, other_app), kept(shared=True))
