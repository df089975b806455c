from django.apps import AppConfig


class RevenueConfig(AppConfig):
    name = "revenue"
    verbose_name = "Revenue"

    def ready(self) -> None:
        from revenue import jobs, pages, panels  # noqa: F401,PLC0415  register
        from revenue.importing import rates, restoring, writing  # noqa: F401,PLC0415  register
