from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audience", "0001_initial")]

    operations = [
        migrations.AddField(
            "endpoint",
            "slow",
            models.BooleanField(default=False, help_text="so was, or failed, the last attempt"),
        ),
    ]
