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

OPENAPI = """
openapi: 3.1.0
info: {title: Orders, version: "2"}
components:
  securitySchemes:
    key:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://example.com/token
          scopes:
            shipments:write: Create and change shipments
            shipments.read: List and read shipments
            orders:write: Create, change and cancel orders
            keys:read: Read API keys
            exports:create: Export orders
paths:
  /orders:
    get:
      security: [{key: ["orders:read"]}]
    post:
      security: [{key: ["orders:write"]}]
"""
"""A document of the same service, with scopes that are new, described anew, missing, reserved and oddly written."""


def published(app: App, document: dict[str, Any] = ORDERS, **choices: Any) -> Catalogue:
    """`document` as the next version of the catalogue of `app`."""
    app.refresh_from_db()
    choices = {"seen": catalogue_of(app).version} | choices
    return lifecycle.publish(shell(), app, document, **choices)
