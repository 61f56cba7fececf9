"""The life of apps and agents, one verb a function. Revoking an agent ends its keys: keys/lifecycle.py."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from agents import actions
from agents.documents import Scopes, loses, parse_agent_scopes, parse_policy, same, union
from agents.errors import (
    AgentConcurrentUpdate,
    AgentNameTaken,
    AgentNotFound,
    AppArchived,
    AppInUse,
    AppNameTaken,
    AppNotArchived,
    ConfirmationMismatch,
    StalePage,
)
from agents.models import Agent, App, OnLeak
from agents.names import parse_agent_name, parse_name, parse_website, sameness
from audit.actors import Actor
from audit.change import change, hold
from core.clock import now
from core.documents import parse_document
from core.errors import Invalid
from core.text import sanitize

APP_SETTINGS = (
    "description",
    "website_url",
    "environment",
    "max_keys",
    "max_keys_per_agent",
    "rate_limit_rpm",
    "max_derived_hours",
    "signing",
    "on_leaked_app_key",
    "on_leaked_agent_key",
    "on_leaked_derived_key",
)
CHOICES = {
    "environment": App.Environment.values,
    "signing": App.Signing.values,
    **dict.fromkeys(APP_SETTINGS[-3:], OnLeak.values),
}
"""The settings that have one of a few values."""
SCOPE_FIELDS = ("scopes", "scopes_pending", "scopes_applies_at")
DEFAULT_NARROWING = timedelta(days=1)
MAX_NARROWING = timedelta(days=7)


def create_app(actor: Actor, name: str, **settings: Any) -> App:
    """A new app called `name`. `settings` are fields of APP_SETTINGS. Raises Invalid, AppNameTaken."""
    app = App(name=parse_name(name), **_sanitize(settings))
    with change(actor, actions.CREATE_APP, on=app):
        _save_app(app)
    return app


def update_app(actor: Actor, app: App, *, seen: str = "", **changes: Any) -> None:
    """Change the name and settings given; leave the others. Nothing new is no event.

    `seen` is the `etag` of the app that the changes were made from; empty asks nothing. Raises
    StalePage if the app has another by now, Invalid, AppNameTaken.
    """
    changes = _sanitize(changes)
    if "name" in changes:
        changes["name"] = parse_name(changes["name"])
    with change(actor, actions.UPDATE_APP, on=app):
        if seen and seen != app.etag:
            raise StalePage
        changes = {field: new for field, new in changes.items() if getattr(app, field) != new}
        if changes:
            _assign(app, changes)
            _save_app(app, *changes)


def archive_app(actor: Actor, app: App, reason: str = "") -> None:
    """Hide `app` from the lists and stop new keys. What exists keeps working (docs/decisions/0004)."""
    with change(actor, actions.ARCHIVE_APP, on=app, reason=reason):
        if app.archived_at is None:
            app.archived_at = now()
            app.save(update_fields=["archived_at"])


def unarchive_app(actor: Actor, app: App, reason: str = "") -> None:
    """Bring an archived app back."""
    with change(actor, actions.UNARCHIVE_APP, on=app, reason=reason):
        if app.archived_at is not None:
            app.archived_at = None
            app.save(update_fields=["archived_at"])


def delete_app(actor: Actor, app: App, *, confirm: str, reason: str = "") -> None:
    """Take `app` away for ever, if `confirm` is its name; the record keeps it. Its name is free again.

    Raises ConfirmationMismatch, and AppInUse while it has active keys.
    """
    with change(actor, actions.DELETE_APP, on=app, reason=reason):
        if confirm != app.name:
            raise ConfirmationMismatch
        if app.keys.active().exists():
            raise AppInUse
        app.deleted_at = now()
        _save_app(app, "deleted_at")


def require_archived(app: App) -> None:
    """Raise AppNotArchived if `app` is in use."""
    if app.archived_at is None:
        raise AppNotArchived


def require_open(app: App) -> None:
    """Raise AppArchived if `app` takes nothing new."""
    if app.archived_at is not None:
        raise AppArchived


def require_alive(agent: Agent) -> None:
    """Raise AgentNotFound for a revoked agent: to every change it is as if it were gone."""
    if agent.revoked_at is not None:
        raise AgentNotFound


def create_agent(
    actor: Actor,
    app: App,
    name: str,
    *,
    display_name: str = "",
    type: str = Agent.Type.AGENT,
    scopes: Any = None,
    policy: Any = None,
    metadata: Any = None,
) -> Agent:
    """A new agent of `app`. Raises Invalid, AppArchived, and AgentNameTaken while a active one has the name."""
    agent = Agent(
        app=app,
        name=parse_agent_name(name),
        display_name=_display_name(display_name),
        type=type,
        scopes=parse_agent_scopes(scopes or {}),
        policy=parse_policy(policy or {}),
        metadata=parse_document(metadata or {}, "metadata"),
    )
    with hold(app), change(actor, actions.CREATE_AGENT, on=agent):
        require_open(app)
        _save_agent(agent)
    return agent


def update_agent(
    actor: Actor,
    agent: Agent,
    *,
    display_name: str | None = None,
    scopes: Any = None,
    policy: Any = None,
    metadata: Any = None,
    expected_version: int | None = None,
    grace: timedelta = DEFAULT_NARROWING,
) -> None:
    """Change what is given, leave the rest; programs keep knowing the agent by its name.

    Scopes that are taken away go after `grace` (0 to 7 days); those that are added are there at once.
    Raises Invalid, AgentNotFound, and AgentConcurrentUpdate if the agent is not at `expected_version`.
    """
    if not timedelta(0) <= grace <= MAX_NARROWING:
        raise Invalid("grace_seconds", "Choose from 0 to 604800 seconds.")
    values: dict[str, Any] = {}
    if display_name is not None:
        values["display_name"] = _display_name(display_name)
    if policy is not None:
        values["policy"] = parse_policy(policy)
    if metadata is not None:
        values["metadata"] = parse_document(metadata, "metadata")
    new_scopes = None if scopes is None else parse_agent_scopes(scopes)
    with change(actor, actions.UPDATE_AGENT, on=agent):
        require_alive(agent)
        if expected_version not in (None, agent.version):
            raise AgentConcurrentUpdate(version=agent.version)
        agent.settle()
        if new_scopes is not None:
            values |= _staged(agent, new_scopes, grace)
        values = {field: new for field, new in values.items() if getattr(agent, field) != new}
        _assign(agent, values)
        if values:
            _save_version(agent, *values, *SCOPE_FIELDS)


def suspend_agent(actor: Actor, agent: Agent, reason: str = "") -> None:
    """Refuse every call of this agent's keys until it is resumed. The keys stay."""
    with change(actor, actions.SUSPEND_AGENT, on=agent, reason=reason):
        require_alive(agent)
        if agent.suspended_at is None:
            agent.settle()  # what is lost by now stays lost: a suspension only holds up what is still to go
            agent.suspended_at = now()
            _save_version(agent, "suspended_at", *SCOPE_FIELDS)


def resume_agent(actor: Actor, agent: Agent, reason: str = "") -> None:
    """Let a suspended agent's keys work again."""
    with change(actor, actions.RESUME_AGENT, on=agent, reason=reason):
        require_alive(agent)
        if agent.suspended_at is not None:
            agent.suspended_at = None
            _save_version(agent, "suspended_at")


def _sanitize(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they may be stored: a key pasted into a description is cut to its prefix. Raises Invalid."""
    for name, value in settings.items():
        if name in CHOICES and value not in CHOICES[name]:
            raise Invalid(name, f"Choose {' or '.join(CHOICES[name])}.")
    fit: dict[str, Any] = {}
    if "description" in settings:
        fit["description"] = sanitize(settings["description"], 500)
    if "website_url" in settings:
        fit["website_url"] = parse_website(settings["website_url"])
    return settings | fit


def _display_name(text: str) -> str:
    return parse_name(text, "display_name") if text.strip() else ""


def _staged(agent: Agent, new: Scopes, grace: timedelta) -> dict[str, Any]:
    """The columns that bring `agent` to the scopes `new`: what is lost is lost only after `grace`.

    Asked for again, a loss that is on its way can come sooner, and never later.
    """
    due = agent.scopes_applies_at
    if due and due <= now() + grace and same(agent.scopes_pending, new):
        return {}
    if grace and loses(agent.scopes, new):
        now_or_then = agent.scopes if not loses(new, agent.scopes) else union(agent.scopes, new)
        return {"scopes": now_or_then, "scopes_pending": new, "scopes_applies_at": now() + grace}
    scopes = agent.scopes if same(agent.scopes, new) else new
    return {"scopes": scopes, "scopes_pending": None, "scopes_applies_at": None}


def _assign(row: App | Agent, changes: dict[str, Any]) -> None:
    for field, new in changes.items():
        setattr(row, field, new)


def _save_app(app: App, *fields: str) -> None:
    """Save all of `app`, or `fields`; the unique index decides whether the name is free."""
    try:
        with transaction.atomic():
            app.save(update_fields=fields or None)
    except IntegrityError:
        if App.objects.filter(sameness=sameness(app.name)).exclude(pk=app.pk).exists():
            raise AppNameTaken("name", "Another app has this name, or one that looks the same.") from None
        raise


def _save_agent(agent: Agent) -> None:
    try:
        with transaction.atomic():
            agent.save()
    except IntegrityError:
        existing = Agent.objects.filter(app=agent.app_id, name=agent.name, revoked_at=None).first()
        message, details = "An agent of this app has this name.", {}
        if existing:
            message, details = f"{message} Its ID is {existing.pk}.", {"agent_id": str(existing.pk)}
        raise AgentNameTaken("name", message, **details) from None


def _save_version(agent: Agent, *fields: str) -> None:
    agent.version += 1
    agent.save(update_fields=[*fields, "version"])
