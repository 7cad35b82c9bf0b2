from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0003_reply_on_delivery")]

    operations = [
        migrations.AddField("edition", "embargo_until", models.DateTimeField(null=True)),
        migrations.AddField("edition", "erased_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "edition",
            models.Index(
                condition=models.Q(embargo_until__isnull=False, published_at=None),
                fields=["embargo_until"],
                name="edition_under_embargo",
            ),
        ),
    ]
