from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0006_edition_left")]

    operations = [
        migrations.AddIndex(
            "edition",
            models.Index(
                condition=models.Q(("erased_at__isnull", False)),
                fields=["release_id"],
                name="edition_erased",
            ),
        ),
    ]
