"""Keys of one rotation line spend the same calls: each names the first key of its line."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def share(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each successor the bucket of the key it replaced, older ones first."""
    keys = apps.get_model("keys", "ApiKey").objects
    first: dict[object, object] = {}
    lines = keys.filter(replaces__isnull=False).order_by("created_at", "id").values_list("id", "replaces_id")
    for key_id, before in lines:
        first[key_id] = first.get(before, before)
        keys.filter(pk=key_id).update(shared_bucket=first[key_id])


class Migration(migrations.Migration):
    dependencies = [("keys", "0007_delegation")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="shared_bucket",
            field=models.UUIDField(
                help_text=(
                    "Whose calls it spends: of the first key in its line, or of a key with a limit that made it."
                ),
                null=True,
            ),
        ),
        migrations.RunPython(share, migrations.RunPython.noop),
    ]
