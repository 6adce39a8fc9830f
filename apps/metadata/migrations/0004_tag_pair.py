"""Tags get the number by which those with a value are found."""

from hashlib import blake2b

from django.db import migrations, models

AT_ONCE = 1000


def number(apps, schema_editor):
    tags = apps.get_model("metadata", "ResourceTag").objects
    last = 0
    while rows := list(tags.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        for row in rows:
            digest = blake2b(f"{row.folded_key}\0{row.value}".encode(), digest_size=8).digest()
            row.pair = int.from_bytes(digest, "big", signed=True)
        tags.bulk_update(rows, ["pair"])
        last = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [("metadata", "0003_resourcedetail")]

    operations = [
        migrations.AddField(
            model_name="resourcetag",
            name="pair",
            field=models.BigIntegerField(default=0, editable=False),
            preserve_default=False,
        ),
        migrations.RunPython(number, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="resourcetag",
            index=models.Index(fields=["pair", "kind", "object_id"], name="tag_by_pair"),
        ),
    ]
