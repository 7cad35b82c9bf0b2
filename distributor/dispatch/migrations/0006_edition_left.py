"""The editions that left last are found without reading the words of all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0005_granted")]

    operations = [
        migrations.AddIndex(
            model_name="edition",
            index=models.Index(fields=["leaves_at"], name="edition_left"),
        ),
    ]
