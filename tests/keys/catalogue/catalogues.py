"""The catalogue of an orders service, as tests publish it."""

from typing import Any

from agents.models import App
from audit.actors import shell
from keys.catalogue import lifecycle
from keys.catalogue.catalogue import Catalogue
from keys.catalogue.store import catalogue_of

ORDERS: dict[str, Any] = {
    "preset": False,
    "resources": [
        {
            "name": "orders",
            "description": "Orders",
            "levels": [
                {"name": "read", "description": "List and read orders"},
                {"name": "write", "description": "Create and change orders"},
                {"name": "owner", "description": "Delete orders"},
            ],
        },
        {"name": "invoices"},
    ],
    "actions": [
        {"name": "orders:list", "description": "List orders", "deprecated": "Use orders:read."},
        {"name": "refunds:create", "description": "Refund an order"},
    ],
}
"""Levels of its own, the usual ones, an action of a resource with levels, and one that stands alone."""


def published(app: App, document: dict[str, Any] = ORDERS, **choices: Any) -> Catalogue:
    """`document` as the next version of the catalogue of `app`."""
    app.refresh_from_db()
    choices = {"seen": catalogue_of(app).version} | choices
    return lifecycle.publish(shell(), app, document, **choices)
