from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SignalsConfig(AppConfig):
    name = "signals"
    verbose_name = "Signals"

    def ready(self) -> None:
        from signals import (  # noqa: F401,PLC0415  register
            ai_pages,
            backtest_pages,
            explanation_pages,
            jobs,
            model_pages,
            pages,
            panels,
            publishing,
            reconciliation_pages,
            rule_pages,
            study_pages,
        )

        post_migrate.connect(publishing.after_migrate, sender=self, dispatch_uid="first_versions")
