"""The pages about keys as a browser without JavaScript sees them."""

from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from agents.models import App
from keys.models import ApiKey


def to(name: str, key: ApiKey) -> str:
    """The address of a page about `key`."""
    return reverse(name, args=[key.app_id, key.id])


def mint_form(**changes: Any) -> dict[str, Any]:
    """What a person sends to mint a key."""
    form = {"once": uuid4().hex, "name": "worker", "scope_grants": "read", "expires": "90d"}
    return {name: value for name, value in (form | changes).items() if value is not None}


def post_mint(browser: Client, app: App, **changes: Any) -> Any:
    """Send the mint form."""
    return browser.post(reverse("key-mint", args=[app.id]), mint_form(**changes))
