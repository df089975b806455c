"""From a form's fields to the document of the query API, and back."""

import pytest
from django.http import QueryDict

from tracker.builder import form
from tracker.builder.lines import lines_of, place_words


def fields(**more: str) -> dict[str, str]:
    return {
        "series-0-kind": "event",
        "series-0-name": "purchase",
        "series-0-math": "sum",
        "series-0-property": "purchase_value",
        "range": "-30d",
        "interval": "month",
        "display": "bar",
        "environment": "production",
        **more,
    }


def test_a_filled_form_is_a_document():
    filters = {
        "series-0-filters-0-of": "event",
        "series-0-filters-0-property": "plan",
        "series-0-filters-0-operator": "exact",
        "series-0-filters-0-value": 'pro, "a, b"',
        "filters-0-operator": "in_cohort",
        "filters-0-value": "7",
        "filters-1-operator": "gt",
        "filters-1-of": "organization",
        "filters-1-property": "mrr",
        "filters-1-value": " 100 ",
        "match": "any",
    }
    asked = fields(**filters, **{"breakdown-property": "plan", "breakdown-of": "field", "compare": "on"})
    assert form.document_of(asked) == {
        "series": [
            {
                "event": "purchase",
                "math": "sum",
                "property": "purchase_value",
                "of": "event",
                "filters": [{"property": "plan", "of": "event", "operator": "exact", "value": ["pro", "a, b"]}],
            }
        ],
        "filters": {
            "match": "any",
            "filters": [
                {"operator": "in_cohort", "value": ["7"]},
                {"property": "mrr", "of": "organization", "operator": "gt", "value": "100"},
            ],
        },
        "formula": None,
        "breakdown": {"property": "plan", "of": "field"},
        "interval": "month",
        "range": {"from": "-30d", "to": None},
        "compare": True,
        "display": "bar",
        "environment": "production",
        "application": None,
    }


def test_a_line_without_a_property_asks_nothing():
    blank = {"filters-0-operator": "exact", "filters-0-property": "", "filters-0-value": "pro"}
    assert form.document_of(fields(**blank))["filters"]["filters"] == []


def test_presence_has_no_value():
    asked = fields(**{"filters-0-operator": "is_set", "filters-0-property": "plan", "filters-0-value": "left over"})
    assert form.document_of(asked)["filters"]["filters"] == [{"property": "plan", "of": "event", "operator": "is_set"}]


def test_days_of_ones_own():
    asked = fields(range="custom", **{"from": "2024-01-01", "to": "2024-04-30"})
    assert form.document_of(asked)["range"] == {"from": "2024-01-01", "to": "2024-04-30"}


@pytest.mark.parametrize("values", [["pro"], ["a, b", "c"], ['say "hi"', ""], ["=1+1", "<b>"], ["  spaced"]])
def test_values_come_back_as_they_were(values):
    assert form.listed(form.as_list(values)) == [each.strip() for each in values]


def test_the_lines_of_a_document_are_the_fields_it_came_from():
    document = form.document_of(fields(**{"filters-0-operator": "exact", "filters-0-property": "plan"}))
    lines = lines_of(document)
    assert (lines.series[0].kind, lines.series[0].name, lines.series[0].property) == (
        "event",
        "purchase",
        "purchase_value",
    )
    assert (lines.filters[0].prefix, lines.filters[0].property) == ("filters-0", "plan")
    assert (lines.range, lines.interval, lines.display) == ("-30d", "month", "bar")


def test_an_error_marks_its_line():
    document = form.document_of(fields(**{"series-0-filters-0-operator": "gt", "series-0-filters-0-property": "n"}))
    lines = lines_of(document, "series[0].filters[0].value")
    assert (lines.series[0].is_wrong, lines.series[0].filters[0].is_wrong, lines.filters) == (False, True, ())


def document(series: int = 1) -> dict:
    return {"series": [{"event": f"e{n}", "filters": []} for n in range(series)], "filters": {"filters": []}}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("series[1].filters[0].value", "Series B, condition 1: "),
        ("series[0].property", "Series A: "),
        ("filters.filters[2].value", "Condition 3 for all: "),
        ("filters[0]", "Condition 1 for all: "),
        ("formula", "Formula: "),
        ("range.from", "Time: "),
        ("breakdown.property", "Broken down by: "),
        ("surprise", ""),
        ("", ""),
    ],
)
def test_an_error_is_found_in_the_form(path, words):
    assert place_words(path) == words


class TestLines:
    def test_a_new_series_begins_as_the_last_one_without_its_name(self):
        given = document(2)
        given["series"][1] |= {"label": "Large", "filters": [{"property": "n", "operator": "gt", "value": "30"}]}
        _, second, third = form.with_line(given, "series")["series"]
        assert third == {**second, "label": ""}
        third["filters"].clear()
        assert second["filters"] != []

    def test_the_name_of_a_series_stays(self):
        given = form.document_of(fields(**{"series-0-label": " Large "}))
        assert given["series"][0]["label"] == "Large"
        assert lines_of(given).series[0].label == "Large"

    def test_one_more_of_each(self):
        assert len(form.with_line(document(), "series")["series"]) == 2
        assert form.with_line(document(), "series-0-filters")["series"][0]["filters"] == [form.BLANK_FILTER]
        assert form.with_line(document(), "filters")["filters"]["filters"] == [form.BLANK_FILTER]

    def test_one_less_of_each(self):
        assert [each["event"] for each in form.without_line(document(3), "series-1")["series"]] == ["e0", "e2"]
        given = form.with_line(document(), "filters")
        assert form.without_line(given, "filters-0")["filters"]["filters"] == []

    @pytest.mark.parametrize(
        "place", ["series-0", "series-9", "series-0-2", "filters-7", "x", "series-5-filters-0", ""]
    )
    def test_what_is_not_there_changes_nothing(self, place):
        assert form.without_line(document(), place) == document()
        assert form.with_line(document(), place if place != "series" else "") == document()

    def test_there_is_an_end(self):
        given = document(10)
        assert len(form.with_line(given, "series")["series"]) == 10


def test_a_query_string_works_like_a_mapping():
    assert form.is_filled(QueryDict("series-0-kind=any"))
    assert not form.is_filled(QueryDict("insight=3"))
