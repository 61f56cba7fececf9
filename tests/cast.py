"""The cast of every test: an app, and an admin, a developer, a support person and an outsider."""

import time
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from agents.models import Agent, App
from audit.actors import Actor, Origin
from core.clock import now
from portal.models import Role, User
from portal.models.users import note_of
from portal.web.gates import person
from tests.factories import AgentFactory, AppFactory, member


@pytest.fixture
def app(db: None) -> App:
    return AppFactory.create(name="checkout")


@pytest.fixture
def other_app(db: None) -> App:
    """An app that none of the cast but the outsider belongs to."""
    return AppFactory.create(name="elsewhere")


@pytest.fixture
def agent(app: App) -> Agent:
    return AgentFactory.create(app=app, name="refund-agent")


@pytest.fixture
def admin(app: App) -> User:
    """Admin of every app."""
    return member(Role.ADMIN, None, email="admin@example.com", name="Admin")


@pytest.fixture
def developer(app: App) -> User:
    """Developer of `app`."""
    return member(Role.DEVELOPER, app, email="developer@example.com", name="Developer")


@pytest.fixture
def support(app: App) -> User:
    """Support of `app`."""
    return member(Role.SUPPORT, app, email="support@example.com", name="Support")


@pytest.fixture
def outsider(other_app: App) -> User:
    """Admin of `other_app` alone."""
    return member(Role.ADMIN, other_app, email="outsider@example.com", name="Outsider")


@pytest.fixture
def acting() -> Callable[[User, App | None], Actor]:
    """`acting(user, app)`: the actor a gate would make of them."""
    return lambda user, app: person(user, app, Origin("page", "203.0.113.9", "pytest", "req-1"))


def prove(client: Client, user: User, seconds_ago: float = 0) -> None:
    """Let `client` have proved so many seconds ago that it is `user`, as django-allauth keeps it."""
    note_of(user, last_seen_at=now())
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - seconds_ago}]
    session.save()
    opened = {"user": user, "ip": "203.0.113.9", "user_agent": "pytest"}
    UserSession.objects.update_or_create(session_key=session.session_key, defaults=opened)


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """`signed_in(user)`: a browser without JavaScript, signed in a moment ago."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        prove(client, user)
        return client

    return sign_in
