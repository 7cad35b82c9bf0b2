from django.db import migrations


def leave_room(apps, schema_editor):
    """A delivery's row changes twice in its life: with room in its page no index has to follow."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE dispatch_delivery SET (fillfactor = 50)")


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0010_edition_cancelled_at")]

    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
