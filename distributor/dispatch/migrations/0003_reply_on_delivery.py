import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_mail_groups")]

    operations = [
        migrations.AddField(
            "delivery", "reply", models.CharField(blank=True, db_default="", default="", max_length=500)
        ),
        migrations.AlterField(
            "delivery",
            "edition",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="dispatch.edition",
            ),
        ),
        migrations.AlterField(
            "batch",
            "edition",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="batches",
                to="dispatch.edition",
            ),
        ),
        migrations.AlterField(
            "attempt",
            "outcome",
            models.CharField(help_text="refused or unavailable", max_length=12),
        ),
    ]
