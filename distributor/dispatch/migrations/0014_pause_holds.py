from django.db import migrations, models
from django.db.models import F


def mark(apps, schema_editor):
    """A person's pause that stands holds for what is issued from now on, too."""
    paused = apps.get_model("dispatch", "Edition").objects.exclude(paused_at=None)
    paused.filter(paused_for="").update(pause_holds_since=F("paused_at"))


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0013_paused_for")]

    operations = [
        migrations.AddField(
            model_name="edition",
            name="pause_holds_since",
            field=models.DateTimeField(
                help_text="a person's pause: nobody gets it, or what is issued later, in turn",
                null=True,
            ),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
