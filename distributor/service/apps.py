"""The composition root as a Django app: wherever Django is set up, the Celery app is too."""

from django.apps import AppConfig

from distributor.service.celery import celery


class ServiceConfig(AppConfig):
    name = "distributor.service"

    def ready(self) -> None:
        celery.set_default()
