"""The one note of a host becomes an annotation like every other, written by the oldest root admin."""

from django.conf import settings
from django.db import migrations

ROOT_ADMIN = 1


def keep_notes(apps, schema_editor):
    noted = apps.get_model("infrastructure", "Host").objects.filter(removed__isnull=True).exclude(annotation="")
    author = apps.get_model("accounts", "User").objects.filter(account__role__type=ROOT_ADMIN).order_by("pk").first()
    if author is None:
        return
    apps.get_model("metadata", "Annotation").objects.bulk_create(
        apps.get_model("metadata", "Annotation")(
            kind="HOST", object_id=host.pk, object_uuid=host.uuid, text=host.annotation, user=author
        )
        for host in noted
    )


class Migration(migrations.Migration):
    dependencies = [
        ("infrastructure", "0003_dedication"),
        ("metadata", "0002_resourceicon_annotation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(keep_notes, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField(model_name="host", name="annotation"),
    ]
