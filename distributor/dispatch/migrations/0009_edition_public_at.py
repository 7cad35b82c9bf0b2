"""The newest public editions are found without sorting them all."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0008_retention")]

    operations = [
        migrations.AddIndex(
            model_name="edition",
            index=models.Index(
                models.OrderBy(Coalesce("published_at", "embargo_until"), descending=True),
                models.F("release_id"),
                name="edition_public_at",
            ),
        ),
    ]
