from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0004_embargo_and_erasure")]

    operations = [
        migrations.AddField(
            "edition",
            "granted",
            models.JSONField(
                default=list,
                help_text="subscribers who alone get it under embargo; none: all granted",
            ),
        ),
    ]
