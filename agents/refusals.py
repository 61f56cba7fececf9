"""The ways apps and agents say no."""

from audit.refusals import Conflict, Invalid, NotFound


class AppNameTaken(Invalid):
    """Another app, archived ones included, is called so or looks the same."""

    code = "app_name_exists"
    status = 409


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
