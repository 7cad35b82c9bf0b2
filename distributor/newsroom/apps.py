from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _
from wagtail.signals import page_published, workflow_approved


class NewsroomConfig(AppConfig):
    name = "distributor.newsroom"
    verbose_name = _("Newsroom")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only once every app is loaded.
        from distributor.newsroom import approval, founding, signals  # noqa: PLC0415
        from distributor.newsroom.models import ReleasePage  # noqa: PLC0415

        page_published.connect(signals.on_published, sender=ReleasePage)
        workflow_approved.connect(approval.on_approved)
        post_migrate.connect(founding.on_migrated, sender=self)
