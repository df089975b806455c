"""Whatever names, values, paths and ids look like, every door of insights takes them as text and gives them back.

“Without effect” is checked by structure: a page with hostile text has exactly the tags and attributes that the same
page has with a harmless word in its place.
"""

import csv
import io
import json
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from config.backoffice import tokens
from config.backoffice.exports import plain
from orgs.cohorts import editing
from orgs.models import Organization
from tests.factories import staff
from tests.hostile import HARMLESS, HOSTILE, Markup, as_id
from tests.tracker.sending import Product, body
from tracker import features, rollups
from tracker.builder import form, saving
from tracker.features import Rule
from tracker.models import Event, Feature

pytestmark = pytest.mark.django_db


class World:
    """One event that says `text` everywhere it can; a cohort, a feature, an insight and a dashboard of that name."""

    def __init__(self, text: str, client) -> None:
        self.text, self.client, self.now = text, client, timezone.now()
        self.ada = staff(f"ada{Organization.objects.count()}")
        client.force_login(self.ada)
        sent = body(
            event=text, customer_org_id=as_id(text), path=f"/{text}", plan=text[:64], properties={text: text, "n": 3}
        )
        sent["ts_epoch"] = int((self.now - timedelta(days=1)).timestamp())
        assert Product().send(sent).status_code == 201
        self.feature = features.save(Feature(name=text), [Rule(event=text)], actor=self.ada, now=self.now)
        rollups.roll_up(self.now)
        features.count_waiting(self.now)
        rules = [{"kind": "event_count", "event": text, "operator": "gte", "times": "1", "days": ""}]
        groups = {"match": "all", "groups": [{"match": "all", "rules": rules}]}
        self.cohort = editing.create(text, groups, actor=self.ada, now=self.now)
        wording = saving.Wording(text, "table", is_shared=True, on_organizations=True)
        document = {"series": [self.series()], "breakdown": {"property": text}, "range": {"from": "-7d"}}
        self.insight = saving.save_new("trends", document, wording, actor=self.ada, now=self.now)
        self.board = saving.make_dashboard(text, text, is_shared=True, actor=self.ada, now=self.now)
        saving.pin(self.insight.pk, self.board.pk, actor=self.ada, now=self.now)

    def series(self) -> dict:
        condition = {"property": self.text, "operator": "exact", "value": [self.text]}
        return {"event": self.text, "math": "sum", "property": "n", "filters": [condition], "label": self.text}

    def fields(self, **more) -> dict:
        """The builder's form, filled with the text wherever one types."""
        return {
            "series-0-kind": "event",
            "series-0-name": self.text,
            "series-0-math": "sum",
            "series-0-property": "n",
            "series-0-filters-0-operator": "exact",
            "series-0-filters-0-property": self.text,
            "series-0-filters-0-value": form.as_list([self.text]),
            "filters-0-operator": "icontains",
            "filters-0-property": self.text,
            "filters-0-value": self.text,
            "breakdown-of": "event",
            "breakdown-property": self.text,
            "range": "-7d",
            "interval": "day",
            "display": "bar",
            "environment": "production",
            **more,
        }

    def get(self, name: str, *args, **query) -> str:
        answer = self.client.get(f"{reverse(f'admin:{name}', args=args)}?{urlencode(query)}")
        assert answer.status_code == 200
        return answer.content.decode()

    def pages(self) -> dict[str, str]:
        """Every page of insights that shows something of it."""
        organization = Organization.objects.get(external_id=as_id(self.text))
        return {
            "builder": self.get("insight", **self.fields()),
            "answer": self.get("insight_result", **self.fields()),
            "number": self.get("insight_result", **self.fields(display="number")),
            "pie": self.get("insight_result", **self.fields(display="pie")),
            "table": self.get("insight_result", **self.fields(display="table", interval="")),
            "cohort": self.get(
                "insight_result", **self.fields(**{"breakdown-of": "cohort", "breakdown-cohort": self.cohort.pk})
            ),
            "feature": self.get(
                "insight_result", **self.fields(**{"series-0-kind": "feature", "series-0-feature": self.feature.pk})
            ),
            "kept": self.get("insight_result", insight=self.insight.pk),
            "funnel": self.get("insight_pattern", "funnel", **{"step-0": self.text, "step-1": self.text, "answer": 1}),
            "retention": self.get("insight_pattern", "retention", start=self.text, back=self.text),
            "insights": self.get("insights"),
            "dashboard": self.get("dashboard", self.board.pk),
            "features": self.get("features"),
            "matrix": self.get("feature_matrix"),
            "cohorts": self.get("cohorts"),
            "pages": self.get("pages"),
            "explorer": self.get("explorer"),
            "event": self.get("explored_event", event=self.text),
            "stream": self.get("events", q=self.text),
            "organization": self.get("orgs_organization_change", organization.pk),
        }


@pytest.fixture(scope="module")
def harmless(django_db_setup, django_db_blocker):
    """The tags of each page when the text is one word."""
    from django.db import transaction
    from django.test import Client

    with django_db_blocker.unblock(), transaction.atomic():
        found = {name: Markup(html).tags for name, html in World(HARMLESS, Client()).pages().items()}
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_changes_nothing(client, harmless, text):
    there = World(text, client)
    for name, html in there.pages().items():
        found = Markup(html)
        assert found.tags == harmless[name], name
        assert text in found.text or any(text in each for each in found.values), name
    charts(there)
    exports(there)
    api(there)
    assert Event.objects.count() == 1


def charts(there: World) -> None:
    html = there.get("insight_result", **there.fields())
    [data] = re.findall(r'<script id="chart-[0-9a-f]+" type="application/json">(.*?)</script>', html, re.DOTALL)
    [series] = json.loads(data)["series"]
    assert series["label"] == there.text
    assert sum(each or 0 for each in series["data"]) == 3


def exports(there: World) -> None:
    url = f"{reverse('admin:insight_result')}?{urlencode(there.fields())}"
    header, whole, *_ = csv.reader(io.StringIO(there.client.get(f"{url}&export=csv").getvalue().decode("utf-8-sig")))
    assert header == ["series", "breakdown", "bucket", "value"]
    assert (plain(whole[1]), float(whole[3])) == (there.text, 3)
    assert not whole[1].startswith(("=", "+", "-", "@"))
    sheet = load_workbook(io.BytesIO(there.client.get(f"{url}&export=xlsx").getvalue())).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert plain(sheet["B2"].value) == there.text


def api(there: World) -> None:
    _, token = tokens.create(there.ada, "Test", now=there.now, scopes=("insights",))
    asked = {"series": [there.series()], "breakdown": {"property": there.text}, "range": {"from": "-7d"}}
    sent = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {token}"}}
    answer = there.client.post("/api/v1/insights/query/", json.dumps(asked), **sent).json()
    [line] = answer["series"]
    assert (line["label"], line["breakdown"], line["aggregate"]) == (there.text, there.text, 3)
    assert there.text in answer["sentence"]
