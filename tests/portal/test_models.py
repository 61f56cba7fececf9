"""What holds for every model of the portal."""

import pytest
from django.apps import apps
from django.db.models import CASCADE

pytestmark = pytest.mark.one_engine
WITH_WHAT_IT_COUNTS = {"UsedCode.authenticator"}
"""The authenticator is a row of django-allauth's, which deletes it."""


def test_no_row_goes_because_another_goes() -> None:
    ours = [
        model
        for label in ("portal", "keys", "agents", "audit")
        for model in apps.get_app_config(label).get_models()
    ]
    cascading = {
        f"{model.__name__}.{field.name}"
        for model in ours
        for field in model._meta.local_fields
        if field.remote_field and getattr(field.remote_field, "on_delete", None) is CASCADE
    }
    assert cascading - WITH_WHAT_IT_COUNTS == set()
