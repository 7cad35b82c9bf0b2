from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0012_room_for_replies")]

    operations = [
        migrations.AddField(
            model_name="edition",
            name="paused_for",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="why receivers refused it; empty: a person paused it",
                max_length=24,
            ),
        ),
        migrations.AddField(
            model_name="edition",
            name="paused_reply",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="their words, then",
                max_length=500,
            ),
        ),
    ]
