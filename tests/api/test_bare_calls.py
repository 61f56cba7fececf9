"""An operation that is called without its gate, by whatever mistake, refuses."""

from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import resolve

from agents.models import App
from portal.api import management, runtime_routes

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]


@pytest.mark.parametrize(
    "scheme", [management.Token(), runtime_routes.SignedWithKey()], ids=["management", "runtime"]
)
def test_a_scheme_lets_nobody_in_whom_no_gate_let_in(scheme: Any) -> None:
    assert not scheme(RequestFactory().get("/", headers={"Authorization": "Bearer x", "x-api-key": "y"}))


def test_a_view_behind_no_gate_does_nothing(app: App) -> None:
    for method, path in (
        ("GET", f"/api/v1/apps/{app.id}"),
        ("POST", f"/api/v1/apps/{app.id}/archive"),
        ("GET", "/sdk/scopes"),
    ):
        match = resolve(path)
        response = match.func(getattr(RequestFactory(), method.lower())(path), **match.kwargs)
        assert 400 <= response.status_code < 500, path
    app.refresh_from_db()
    assert app.archived_at is None
