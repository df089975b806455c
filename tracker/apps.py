from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Usage"

    def ready(self) -> None:
        import tracker.feature_matrix_pages  # noqa: F401,PLC0415  register
        from tracker import cohort_rules, feature_pages, jobs, pages, panels, usage_pages  # noqa: F401,PLC0415  register
        from tracker.builder import cohort_uses, dashboard_pages, pattern_pages  # noqa: F401,PLC0415  register
        from tracker.builder import pages as builder_pages  # noqa: F401,PLC0415
        from tracker.builder import panels as builder_panels  # noqa: F401,PLC0415

        post_migrate.connect(ensure_partitions, sender=self)
        post_migrate.connect(install_dashboard, sender=self)


def ensure_partitions(**kwargs: Any) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from tracker import partitions  # noqa: PLC0415  its models are ready only now

    if partitions.is_there():
        partitions.ensure(timezone.now())


def install_dashboard(apps: Any = None, **kwargs: Any) -> None:
    """`flush` sends the same signal without saying which apps: it empties, and nothing is to come back."""
    from django.utils import timezone  # noqa: PLC0415

    from tracker.builder import install  # noqa: PLC0415

    if apps and ("tracker", "dashboard") in {
        (each._meta.app_label, each._meta.model_name) for each in apps.get_models()
    }:
        install.install(timezone.now())
