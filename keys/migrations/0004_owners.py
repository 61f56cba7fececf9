"""Says who answers for the keys that are there: the record knows who minted them."""

from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def name_owners(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Whoever minted or rotated it, and for a derived key whoever answers for its parent."""
    keys, events = apps.get_model("keys", "ApiKey").objects, apps.get_model("audit", "Event").objects
    made = events.filter(action__in=("key.mint", "key.rotate"), actor_kind="person").exclude(key_id=None)
    for event in made.order_by("at").only("key_id", "actor_id").iterator():
        keys.filter(pk=str(event.key_id)).update(owner_id=UUID(event.actor_id))
    parents = keys.filter(id=OuterRef("parent_id")).values("owner_id")
    keys.filter(owner_id=None, parent__isnull=False).update(owner_id=Subquery(parents[:1]))


class Migration(migrations.Migration):
    dependencies = [("keys", "0003_owner"), ("audit", "0007_indexes")]

    operations = [migrations.RunPython(name_owners, migrations.RunPython.noop)]
