from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsroom", "0002_lifecycle")]

    operations = [
        migrations.AddField(
            "act",
            "channels",
            models.JSONField(default=list, help_text="those it goes out by; none: all"),
        ),
    ]
