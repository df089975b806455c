"""The Celery application. Beat has one entry, a tick; what is due stands in the ledger of jobs."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("backoffice")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["config.backoffice"])
app.conf.beat_schedule = {
    "tick": {"task": "config.backoffice.tasks.tick", "schedule": 15.0, "options": {"expires": 14}},
}
