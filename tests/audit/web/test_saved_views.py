"""The pages of kept searches: saving one from the log, and what its owner and others may do with it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.models import SavedView
from portal.models import User
from tests.audit.reading import link, text

SignedIn = Callable[[User], Client]


@pytest.fixture
def mine(app: App, developer: User, signed_in: SignedIn) -> Client:
    return signed_in(developer)


@pytest.fixture
def theirs(app: App, support: User, signed_in: SignedIn) -> Client:
    return signed_in(support)


def save(client: Client, app: App, **values: str) -> Any:
    given = {"name": "Refunds", "query": "outcome=denied", **values}
    return client.post(reverse("view-save", args=[app.id]), given)


def kept(client: Client, app: App, **values: str) -> SavedView:
    save(client, app, **values)
    return SavedView.objects.get()


def test_the_log_leads_to_saving_what_it_shows(mine: Client, app: App) -> None:
    response = mine.get(reverse("audit", args=[app.id]), {"outcome": "denied"})
    form = mine.get(link(response, "Save view"))
    assert "outcome: denied" in text(form)
    assert '<input type="hidden" name="query" value="outcome=denied"' in form.content.decode()


def test_a_saved_view_becomes_a_tab_and_is_open_where_it_leads(mine: Client, app: App) -> None:
    response = mine.get(save(mine, app).headers["Location"])
    assert re.search(r'aria-current="page">Refunds</a>', response.content.decode())
    assert not re.search(r'aria-current="page">Denied</a>', response.content.decode())
    assert link(response, "Edit this view…") == reverse("view", args=[app.id, SavedView.objects.get().id])


@pytest.mark.parametrize(
    ("values", "complaint"),
    [({"name": ""}, "This field is required"), ({"query": "outcome=maybe"}, "Invalid filter")],
)
def test_what_cannot_be_kept_is_said_on_the_form(
    mine: Client, app: App, values: dict[str, str], complaint: str
) -> None:
    response = save(mine, app, **values)
    assert response.status_code == 422
    assert complaint in text(response)


def test_it_is_said_of_fixed_moments_that_they_stay(mine: Client, app: App) -> None:
    for query, says in (
        ({"range": "7d"}, "Results update automatically"),
        ({"until": "2026-01-01"}, "time range of this view is fixed"),
    ):
        assert says in text(mine.get(reverse("view-save", args=[app.id]), query)), query


def test_a_filter_that_would_be_dropped_is_said_on_the_form(mine: Client, app: App) -> None:
    response = save(mine, app, query="range=7d&q=key:nosuch")
    assert (response.status_code, "“q” cannot be saved" in text(response)) == (422, True)


def test_a_name_that_is_taken_is_said_on_the_form(mine: Client, app: App) -> None:
    save(mine, app)
    response = save(mine, app)
    assert (response.status_code, "You already have a view with this name." in text(response)) == (409, True)


def test_its_owner_renames_it(mine: Client, app: App) -> None:
    view = kept(mine, app)
    mine.post(reverse("view-rename", args=[app.id, view.id]), {"name": "Other"})
    assert SavedView.objects.get().name == "Other"


def test_a_name_that_cannot_be_taken_stays_typed(mine: Client, app: App) -> None:
    view = kept(mine, app)
    response = mine.post(reverse("view-rename", args=[app.id, view.id]), {"name": "x" * 61})
    assert (response.status_code, "x" * 61 in response.content.decode()) == (422, True)


def test_its_owner_shares_it_and_takes_it_back(mine: Client, theirs: Client, app: App) -> None:
    view = kept(mine, app)
    page = reverse("view", args=[app.id, view.id])
    seen = []
    for shared in ("yes", "no"):
        mine.post(reverse("view-share", args=[app.id, view.id]), {"shared": shared})
        seen.append(theirs.get(page).status_code)
    assert seen == [200, 404]


def test_a_colleague_sees_a_shared_view_without_its_controls(mine: Client, theirs: Client, app: App) -> None:
    view = kept(mine, app, shared="on")
    page = text(theirs.get(reverse("view", args=[app.id, view.id])))
    assert "owned by Developer" in page
    assert "Rename" not in page and "End this view" not in page


def test_an_ended_view_is_gone(mine: Client, app: App) -> None:
    view = kept(mine, app)
    mine.post(reverse("view-end", args=[app.id, view.id]))
    assert mine.get(reverse("view", args=[app.id, view.id])).status_code == 404
    assert link(mine.get(reverse("audit", args=[app.id])), "Refunds") == ""


@pytest.mark.parametrize("act", ["rename", "share", "end"])
def test_what_is_not_shared_is_not_there_for_others(mine: Client, theirs: Client, app: App, act: str) -> None:
    view = kept(mine, app)
    response = theirs.post(reverse(f"view-{act}", args=[app.id, view.id]), {"name": "Mine now"})
    assert response.status_code == 404


def test_a_view_of_another_app_is_not_there(
    mine: Client, app: App, other_app: App, outsider: User, signed_in: SignedIn
) -> None:
    view = kept(mine, app, shared="on")
    assert signed_in(outsider).get(reverse("view", args=[other_app.id, view.id])).status_code == 404
