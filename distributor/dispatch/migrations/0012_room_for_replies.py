from django.db import migrations


def leave_room(apps, schema_editor):
    """With the reply the second change needs more room than the first left in the page."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE dispatch_delivery SET (fillfactor = 40)")


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0011_room_for_updates")]

    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
