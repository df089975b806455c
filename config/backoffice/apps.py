from collections.abc import Callable

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils import timezone


class BackOfficeConfig(AppConfig):
    name = "config.backoffice"
    label = "backoffice"
    verbose_name = "Back office"

    def ready(self) -> None:
        from config.backoffice import jobs, pages_of_the_house, roles, saved_view_pages, schema  # noqa: F401,PLC0415  register
        from config.backoffice.outbox import jobs as outbox_jobs  # noqa: F401,PLC0415  register

        after_the_last_app("roles", lambda: roles.install(timezone.now()))
        after_the_last_app("jobs", lambda: jobs.install_schedules(timezone.now()))


def after_the_last_app(name: str, install: Callable[[], None]) -> None:
    """Call after all migrations: only then is every table and permission there."""

    def receiver(app_config: AppConfig, **_: object) -> None:
        if app_config is list(apps.get_app_configs())[-1]:
            install()

    post_migrate.connect(receiver, weak=False, dispatch_uid=f"install {name}")


class BackOfficeAdminConfig(AdminConfig):
    default_site = "config.backoffice.site.BackOfficeSite"
    default = False
