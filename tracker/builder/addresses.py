"""Where a kept insight opens, and where its answer alone is; within one organization when its id is given."""

from urllib.parse import urlencode

from django.urls import reverse

from tracker.models import SavedInsight


def opened(insight: SavedInsight, organization: str = "") -> str:
    """The page on which it can be changed."""
    if insight.kind == SavedInsight.Kind.TRENDS:
        return address(reverse("admin:insight"), insight, organization)
    return address(reverse("admin:insight_pattern", args=[insight.kind]), insight, organization)


def answered(insight: SavedInsight, organization: str = "") -> str:
    """Its answer as a fragment."""
    if insight.kind == SavedInsight.Kind.TRENDS:
        return address(reverse("admin:insight_result"), insight, organization, bare=1)
    return address(reverse("admin:insight_pattern", args=[insight.kind]), insight, organization, answer=1)


def address(page: str, insight: SavedInsight, organization: str, **more: int) -> str:
    about = {"organization": organization} if organization else {}
    return f"{page}?{urlencode({'insight': insight.pk, **about, **more})}"
