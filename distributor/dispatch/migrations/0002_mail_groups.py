from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dispatch', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='MailGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255, unique=True)),
                ('stopped_until', models.DateTimeField(null=True)),
                ('stop_seconds', models.PositiveIntegerField(default=0, help_text='how long the last stop is')),
                ('lanes', models.PositiveIntegerField(default=0)),
                ('clean_since', models.DateTimeField(null=True)),
                ('paused_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, help_text='of the stop or pause', max_length=24)),
                ('reply', models.CharField(blank=True, help_text='its own words, then', max_length=500)),
                ('day', models.DateField(null=True)),
                ('cap', models.PositiveIntegerField(default=0)),
                ('used', models.PositiveIntegerField(default=0)),
                ('untroubled', models.BooleanField(default=True, help_text='no stop and no pause on that day')),
            ],
        ),
        migrations.CreateModel(
            name='MailDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=254, unique=True)),
                ('mail_group', models.CharField(blank=True, max_length=255)),
                ('found_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='mail_domain_due')],
            },
        ),
    ]
