"""The Django app configuration of the audit log."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class AuditConfig(AppConfig):
    """The record."""

    name = "audit"

    def ready(self) -> None:
        from audit import sqlite_format
        from core import folding

        connection_created.connect(sqlite_format.register_function)
        connection_created.connect(folding.register_function)
