from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsroom", "0004_approval")]

    operations = [
        migrations.AddField(
            "act",
            "granted",
            models.JSONField(
                default=list,
                help_text="subscribers who alone get it under embargo; none: all granted",
            ),
        ),
    ]
