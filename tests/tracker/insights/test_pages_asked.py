"""Insights by page say what the Pages page says: the same rules fold the same paths, for days long past too."""

from datetime import date

import pytest
from django.db.models import Count

from tests.tracker.test_paths import NOW, SCOPE, story  # noqa: F401  the fixture
from tracker import paths
from tracker.insights import reading, trends
from tracker.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("story")]
RANGE = {"from": SCOPE.since.isoformat(), "to": "2026-03-10"}


def ask(*, use_daily: bool = True, **document) -> trends.Trend:
    asked = {"series": [{"event": None, "math": "total"}], "range": RANGE, **document}
    return trends.computed(reading.read(asked, date(2026, 3, 10)), NOW, use_daily=use_daily)


def listed() -> dict[str, tuple[int, int]]:
    return {each.page: (each.events, each.organizations) for each in paths.pages(SCOPE)}


def test_broken_down_by_page():
    series = [{"event": None, "math": math} for math in ("total", "unique_organizations")]
    found = ask(series=series, breakdown={"property": "path", "of": "field"})
    counted = {(each.part.text, each.series): each.aggregate for each in found.lines if each.part.kind == "value"}
    pages = listed()
    assert len(pages) > 5
    assert counted == {(page, n): numbers[n] for page, numbers in pages.items() for n in (0, 1)}


@pytest.mark.parametrize("use_daily", [True, False])
def test_a_series_of_a_page(use_daily):
    for page, (events, organizations) in listed().items():
        series = [{"page": page, "math": "total"}, {"page": page, "math": "unique_organizations"}]
        found = ask(series=series, use_daily=use_daily)
        assert [each.aggregate for each in found.lines] == [events, organizations]
        assert set(found.from_daily) == {use_daily}


def test_conditions_on_pages_and_on_addresses_as_they_were_sent():
    def total(operator: str, value: str, field: str = "path") -> int:
        condition = {"property": field, "of": "field", "operator": operator, "value": value}
        return ask(series=[{"event": None, "math": "total", "filters": [condition]}]).lines[0].aggregate

    pages = listed()
    assert total("exact", "/blog/:slug/comments") == pages["/blog/:slug/comments"][0]
    assert total("icontains", ":slug") == sum(count for page, (count, _) in pages.items() if ":slug" in page)
    one = total("exact", "/docs/x/1", "address")
    assert 0 < one < pages["/docs/*"][0]
    everything = ask().lines[0].aggregate
    for field in ("address", "path"):
        assert total("exact", "/docs/x/1", field) == total("regex", "^/docs/x/1$", field) == one
        assert total("is_not", "/docs/x/1", field) == total("not_icontains", "/docs/x/1", field) == everything - one
    assert total("icontains", ":slug", "address") == 0


@pytest.mark.parametrize("use_daily", [True, False])
def test_a_page_named_with_its_ids_is_the_path_as_it_was_sent(use_daily):
    [sent] = Event.objects.filter(path="/docs/x/1", key__isnull=False).values_list("path").annotate(n=Count("id"))
    [line] = ask(series=[{"page": "/docs/x/1"}], use_daily=use_daily).lines
    assert line.aggregate == sent[1]


def test_a_new_rule_holds_at_once(story):  # noqa: F811
    def shown() -> set[str]:
        asked = reading.read({"series": [{"event": None}], "range": RANGE, "breakdown": BY_PAGE}, date(2026, 3, 10))
        return {each.part.text for each in trends.answer(asked, NOW).lines if each.part.kind == "value"}

    before = shown()
    paths.add_rule(story[1], "/docs/*", actor=None, now=NOW)
    assert shown() - before == set() and before - shown() == {"/docs/x/:id", "/docs/y/:id", "/docs/z/:id"}


BY_PAGE = {"property": "path", "of": "field"}
