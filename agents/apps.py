"""Names this Django app."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Apps and agents."""

    name = "agents"
