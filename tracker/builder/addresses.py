"""Where a kept insight opens, and where its answer alone is."""

from urllib.parse import urlencode

from django.urls import reverse

from tracker.models import SavedInsight


def opened(insight: SavedInsight) -> str:
    """The page on which it can be changed."""
    if insight.kind == SavedInsight.Kind.TRENDS:
        return f"{reverse('admin:insight')}?{urlencode({'insight': insight.pk})}"
    return f"{reverse('admin:insight_pattern', args=[insight.kind])}?{urlencode(insight.definition)}"


def answered(insight: SavedInsight, organization: str = "") -> str:
    """Its answer as a fragment; for trends within one organization when its id is given."""
    if insight.kind == SavedInsight.Kind.TRENDS:
        asked = {"insight": insight.pk, "bare": 1, **({"organization": organization} if organization else {})}
        return f"{reverse('admin:insight_result')}?{urlencode(asked)}"
    return f"{opened(insight)}&answer=1"
