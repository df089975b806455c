from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SignalsConfig(AppConfig):
    name = "signals"
    verbose_name = "Signals"

    def ready(self) -> None:
        from signals import (  # noqa: F401,PLC0415  register
            acting_pages,
            ai_pages,
            backtest_pages,
            churn_pages,
            digest_pages,
            explanation_pages,
            followup_pages,
            jobs,
            matrix_pages,
            model_pages,
            pages,
            panels,
            people_jobs,
            publishing,
            reconciliation_pages,
            revenue_panels,
            rule_pages,
            standing_panels,
            study_pages,
            weekly_pages,
            work_panels,
        )

        post_migrate.connect(publishing.after_migrate, sender=self, dispatch_uid="first_versions")
