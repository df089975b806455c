from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class BackOfficeConfig(AppConfig):
    name = "config.backoffice"
    label = "backoffice"
    verbose_name = "Back office"

    def ready(self) -> None:
        from config.backoffice import pages_of_the_house, roles, schema  # noqa: F401,PLC0415  register

        post_migrate.connect(roles.install, dispatch_uid="roles")


class BackOfficeAdminConfig(AdminConfig):
    default_site = "config.backoffice.site.BackOfficeSite"
    default = False
