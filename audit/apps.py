"""Names this Django app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The record."""

    name = "audit"
