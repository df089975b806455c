from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SignalsConfig(AppConfig):
    name = "signals"
    verbose_name = "Signals"

    def ready(self) -> None:
        from signals import jobs, people_jobs  # noqa: F401,PLC0415  register
        from signals.pages import (  # noqa: F401,PLC0415  register
            acting,
            ai,
            backtest,
            churn,
            digest,
            explanation,
            followups,
            matrix,
            models,
            queue,
            reconciliation,
            rules,
            studies,
            today,
            weekly,
        )
        from signals.panels import acts, open_work, revenue, standing  # noqa: F401,PLC0415  register
        from signals.versions import publishing  # noqa: PLC0415

        post_migrate.connect(publishing.after_migrate, sender=self, dispatch_uid="first_versions")
