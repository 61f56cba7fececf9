"""The ways apps and agents say no."""

from core.errors import Conflict, Invalid, NotFound, Refusal, Unavailable


class AppNameTaken(Invalid):
    """Another app, archived ones included, is called so or looks the same."""

    code = "app_name_exists"
    status = 409


class AppNotFound(NotFound):
    """No such app among those one belongs to."""

    code = "app_not_found"
    message = "There is no such app among yours."


class AppNotArchived(Conflict):
    """It is in use already."""

    code = "app_not_archived"
    message = "This app is not archived."


class AppInUse(Conflict):
    """An app with living keys cannot be deleted."""

    code = "app_in_use"
    message = "This app has living keys. Nothing was deleted."
    hint = "Revoke them first, and whatever calls with them will stop: or archive the app instead."


class ConfirmationMismatch(Conflict):
    """What was typed to confirm is not the name."""

    code = "confirmation_mismatch"
    message = "What was typed is not the app's name. Nothing was deleted."


class AppArchived(Conflict):
    """An archived app gets no new keys or agents."""

    code = "app_archived"
    message = "This app is archived."
    hint = "Bring it back in its settings first."


class AgentNameTaken(Invalid):
    """A living agent of the app has this name."""

    code = "agent_name_exists"
    status = 409


class AgentNotFound(NotFound):
    """No such living agent in this app."""

    code = "agent_not_found"
    message = "This app has no such living agent."
    hint = "A revoked agent cannot come back: create another. Its name is free again."


class StalePage(Conflict):
    """The settings changed between showing the form and sending it."""

    code = "stale_page"
    message = "Someone changed these settings after this page was loaded. Nothing was changed."
    hint = "What you typed is still here. Look at the present values and send it again."


class AgentConcurrentUpdate(Conflict):
    """The agent changed since the version that the caller saw."""

    code = "agent_concurrent_update"
    message = "This agent has changed since you read it. Nothing was changed."
    hint = "Read it again and send its present version."


class CallerInvalid(Refusal):
    """The name a program gives itself cannot be taken."""

    code = "invalid_caller"
    status = 400
    message = "The caller's name cannot be taken."
    hint = "Send 1 to 255 printable ASCII characters, and agent or service as the type."


class CallerUnresolved(NotFound):
    """The caller names an agent that is not an active one of this app."""

    code = "caller_agent_unresolved"
    message = "The caller is not an active agent of this app."
    hint = "Check the id. A label that is not a UUID needs no agent."


class CallerMismatch(Refusal):
    """An agent's key was used in the name of another agent."""

    code = "caller_agent_mismatch"
    status = 400
    message = "This key belongs to another agent than the caller it names."
    hint = "Name the key's own agent, or none."


class CallerUnknowable(Unavailable):
    """Who the caller is could not be found out just now."""

    code = "caller_agent_resolution_error"
    message = "Who the caller is could not be found out just now. Nothing was changed."


class OnceMismatch(Conflict):
    """An idempotency key was used before, with another body."""

    code = "idempotency_key_body_mismatch"
    message = "This idempotency key was used before, for something else. Nothing was created."
    hint = "Use a new idempotency key for each thing to create."


class OnceInactive(Conflict):
    """The agent that this idempotency key created is suspended."""

    code = "idempotency_key_agent_inactive"
    message = "The agent that this idempotency key created is suspended. Nothing was created."
    hint = "Resume it, or use a new idempotency key to create another."


class OnceRevoked(Conflict):
    """The agent that this idempotency key created is revoked."""

    code = "idempotency_key_agent_revoked"
    message = "The agent that this idempotency key created is revoked. Nothing was created."
    hint = "Use a new idempotency key to create another."


class MeRequiresAgentKey(Refusal):
    """Who am I, asked with a key that speaks for no agent."""

    code = "me_requires_agent_key"
    status = 403
    message = "This key speaks for the app, and for no agent."
    hint = "Call with a key minted under an agent, or name an active agent as the caller."
