"""Makes rows the way the product does: audited ones come from their verbs, never from a bare save."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.change import change
from keyformat import grammar
from keys import lifecycle as keys_lifecycle
from keys import plaintext
from keys.gateways import actions as on_gateways
from keys.lifecycle import Minted
from keys.models import Gateway, Pepper
from portal import actions
from portal.accounts.lifecycle import create_person
from portal.models import Membership, User
from portal.tokens import lifecycle
from portal.tokens.lifecycle import Issued
from tests.scopes import parse_scopes

PASSWORD = "a long enough password"


class UserFactory(DjangoModelFactory[User]):
    """A person without a role."""

    class Meta:
        model = User

    email = Sequence(lambda n: f"person{n}@example.com")
    name = Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        user = model_class(**kwargs)
        create_person(shell(), user, PASSWORD)
        return user


class AppFactory(DjangoModelFactory[App]):
    """An app, created by the shell."""

    class Meta:
        model = App

    name = Sequence(lambda n: f"checkout-{n}")

    @classmethod
    def _create(cls, model_class: type[App], *args: Any, **kwargs: Any) -> App:
        return agents_lifecycle.create_app(shell(), **kwargs)


class AgentFactory(DjangoModelFactory[Agent]):
    """An agent of an app."""

    class Meta:
        model = Agent

    app = SubFactory(AppFactory)
    name = Sequence(lambda n: f"refund-agent-{n}")

    @classmethod
    def _create(cls, model_class: type[Agent], *args: Any, **kwargs: Any) -> Agent:
        return agents_lifecycle.create_agent(shell(), kwargs.pop("app"), kwargs.pop("name"), **kwargs)


def minted(app: App, *, scopes: str = "grants:read", name: str = "worker", **choices: Any) -> Minted:
    """A key and its plaintext, minted by the shell. `scopes` are comma-separated."""
    return keys_lifecycle.mint(shell(), app, name=name, scopes=parse_scopes(scopes.split(",")), **choices)


def known_gateway(secret: str, pair: str = "original", name: str = "edge") -> Gateway:
    """A gateway whose secret is known beforehand, as that of a program started earlier is."""
    gateway = Gateway(name=name, pair=pair, prefix=grammar.prefix_of(secret))
    gateway.digest = plaintext.digest(plaintext.sha256(secret), plaintext.current_pepper())
    gateway.pepper = Pepper.note_current()
    with change(shell(), on_gateways.CREATE, on=gateway):
        gateway.save()
    return gateway


def issued(user: User, *permissions: str, name: str = "ci", **choices: Any) -> Issued:
    """An access token of `user` and its plaintext, issued by the shell. Without permissions it asks for all."""
    return lifecycle.issue(shell(), user, name=name, permissions=permissions or ["all"], **choices)


def member(role: str, app: App | None, **person: Any) -> User:
    """A person with `role` on `app`, or on every app."""
    user = UserFactory.create(**person)
    membership = Membership(user=user, app=app, role=role)
    with change(shell(), actions.JOIN, on=membership):
        membership.save()
    return user


@contextmanager
def taken_back() -> Iterator[None]:
    """Take back what is done inside: several tries share one arrangement, and each finds it untouched."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
