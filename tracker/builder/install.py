"""The dashboard that every install begins with: how teams use the product, as far as products send the usual events."""

from datetime import datetime

from django.db import transaction

from tracker.insights.eight_questions import QUESTIONS
from tracker.models import Dashboard, DashboardTile, SavedInsight

NAME = "how-teams-use-the-product"
TITLE = "How teams use the product"
FOR = "Organizations, users, projects and purchases, from account_created, project_created and purchase events."


def install(now: datetime) -> None:
    """Make it once; what staff changed or moved since stays."""
    with transaction.atomic():
        wanted = [
            SavedInsight(
                built_in=question.key.replace("_", "-"),
                name=question.title,
                definition=question.description.as_document(),
                display=question.description.display,
                created_at=now,
                changed_at=now,
            )
            for question in QUESTIONS
        ]
        SavedInsight.objects.bulk_create(wanted, ignore_conflicts=True)
        dashboard, made = Dashboard.objects.get_or_create(
            built_in=NAME, defaults={"name": TITLE, "description": FOR, "created_at": now}
        )
        if made:
            by_name = {each.built_in: each for each in SavedInsight.objects.filter(built_in__isnull=False)}
            DashboardTile.objects.bulk_create(
                DashboardTile(dashboard=dashboard, insight=by_name[each.built_in or ""], position=position)
                for position, each in enumerate(wanted, start=1)
            )
