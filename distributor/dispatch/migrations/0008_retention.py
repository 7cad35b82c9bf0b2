from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0007_edition_erased")]

    operations = [
        migrations.AddField(
            "batch",
            "receivers",
            models.BinaryField(
                null=True, help_text="once its deliveries are gone: packed ids of who had it"
            ),
        ),
        migrations.AddIndex("attempt", models.Index(fields=["at"], name="attempt_at")),
    ]
