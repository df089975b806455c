from django.apps import AppConfig


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Usage"

    def ready(self) -> None:
        from tracker import jobs, pages, panels  # noqa: F401,PLC0415  register
