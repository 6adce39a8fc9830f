from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("infrastructure", "0001_initial"),
        ("storage", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="volume",
            index=models.Index(condition=models.Q(("removed__isnull", True)), fields=["id"], name="volume_alive"),
        ),
    ]
