"""Refusals about apps and agents."""

from core.errors import Conflict, Invalid, NotFound, Refusal, Unavailable


class AppNameTaken(Invalid):
    """Another app, archived ones included, is called so or looks the same."""

    code = "app_name_exists"
    status = 409


class AppNotFound(NotFound):
    """No such app among those one belongs to."""

    code = "app_not_found"
    message = "App not found."


class AppNotArchived(Conflict):
    """The app is not archived."""

    code = "app_not_archived"
    message = "This app is not archived."


class AppInUse(Conflict):
    """An app with active keys cannot be deleted."""

    code = "app_in_use"
    message = "This app has active keys. Nothing was deleted."
    hint = "Revoke its keys first, or archive the app instead."


class ConfirmationMismatch(Conflict):
    """The confirmation does not match the name."""

    code = "confirmation_mismatch"
    message = "The name does not match the app's name. Nothing was deleted."


class AppArchived(Conflict):
    """An archived app gets no new keys or agents."""

    code = "app_archived"
    message = "This app is archived."
    hint = "Restore it in its settings first."


class AgentNameTaken(Invalid):
    """An agent of the app has this name."""

    code = "agent_name_exists"
    status = 409


class AgentNotFound(NotFound):
    """No such agent in this app, or it is revoked."""

    code = "agent_not_found"
    message = "Agent not found in this app."
    hint = "A revoked agent cannot be restored. Create a new one; the name can be used again."


class StalePage(Conflict):
    """The settings changed between showing the form and sending it."""

    code = "stale_page"
    message = "These settings were changed after you opened this page. Nothing was saved."
    hint = "Your input is kept. Check the current values and save again."


class AgentConcurrentUpdate(Conflict):
    """The agent changed since the version that the caller saw."""

    code = "agent_concurrent_update"
    message = "This agent was changed after you read it. Nothing was saved."
    hint = "Read it again and send its current version."


class CallerInvalid(Refusal):
    """The caller name is invalid."""

    code = "invalid_caller"
    status = 400
    message = "Invalid caller name."
    hint = "Send 1 to 255 printable ASCII characters, and agent or service as the type."


class CallerUnresolved(NotFound):
    """The caller is not an active agent of this app."""

    code = "caller_agent_unresolved"
    message = "The caller is not an active agent of this app."
    hint = "Check the ID. A caller label that is not a UUID needs no agent."


class CallerMismatch(Refusal):
    """An agent's key was used with the name of another agent."""

    code = "caller_agent_mismatch"
    status = 400
    message = "This key belongs to a different agent than the caller."
    hint = "Use the key's own agent as the caller, or none."


class CallerUnknowable(Unavailable):
    """The caller could not be resolved."""

    code = "caller_agent_resolution_error"
    message = "The caller could not be resolved. Nothing was changed."


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
    """The identity was requested with a key that belongs to no agent."""

    code = "me_requires_agent_key"
    status = 403
    message = "This key belongs to the app, not to an agent."
    hint = "Use an agent key, or send an active agent as the caller."
