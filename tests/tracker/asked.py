"""Questions to the builder as a browser asks them."""

from urllib.parse import urlencode

from django.urls import reverse

from tracker.models import SavedInsight

HOSTILE = "</script><script>alert(1)</script>'\"; DROP TABLE tracker_event; -- =1+1 {{ 7*7 }}"


def question(**more: str) -> dict[str, str]:
    return {
        "series-0-kind": "event",
        "series-0-name": "project_created",
        "series-0-math": "unique_organizations",
        "range": "-7d",
        "interval": "day",
        "display": "line",
        "environment": "production",
        **more,
    }


def result(client, **more: str) -> str:
    answer = client.get(f"{reverse('admin:insight_result')}?{urlencode(question(**more))}")
    assert answer.status_code == 200
    return answer.content.decode()


def kept(client, **more: str) -> SavedInsight:
    page = client.get(f"{reverse('admin:insight')}?{urlencode(question())}")
    sent = {"definition": page.context["definition"], "name": "Projects", "is_shared": "on", "as": "new", **more}
    client.post(reverse("admin:insight_save"), sent)
    return SavedInsight.objects.latest("id")
