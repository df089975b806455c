from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AppConfig):
    name = "config.backoffice"
    label = "backoffice"
    verbose_name = "Back office"

    def ready(self) -> None:
        from config.backoffice import pages_of_the_house  # noqa: F401,PLC0415  registers


class BackOfficeAdminConfig(AdminConfig):
    default_site = "config.backoffice.site.BackOfficeSite"
    default = False
