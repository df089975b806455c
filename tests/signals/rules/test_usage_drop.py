from decimal import Decimal

import pytest

from signals.rules.usage_drop import Thresholds, check
from tests.signals.evidences import evidence, reading_of


def drop(now, before, **facts):
    changed = evidence(events_30d=now, events_previous_30d=before, **facts)
    return check(changed, reading_of(None), Thresholds())


@pytest.mark.parametrize(
    ("now", "before", "fires"),
    [(700, 1000, False), (699, 1000, True), (0, 1000, True), (34, 50, True), (35, 50, False), (0, 49, False)],
)
def test_fires_below_70_percent_of_at_least_50(now, before, fires):
    assert (drop(now, before) is not None) is fires


def test_who_does_not_pay_is_left_alone():
    assert drop(0, 1000, mrr=Decimal(0)) is None


@pytest.mark.parametrize(("now", "severity"), [(699, "0.2511"), (350, "0.6250"), (0, "1.0000")])
def test_severity(now, severity):
    assert drop(now, 1000).severity == Decimal(severity)


def test_the_sentence_can_be_read_aloud():
    finding = drop(412, 1180, all_events_30d=98, all_events_previous_30d=100)
    assert finding.sentence == ("30-day events 412, previous 1\u202f180: \u221265\u00a0%; all customers \u22122\u00a0%")
    assert finding.numbers == {"events_30d": 412, "events_previous_30d": 1180, "ratio_below": "0.7"}


def test_all_customers_are_left_out_when_unknown():
    assert drop(412, 1180).sentence == "30-day events 412, previous 1\u202f180: \u221265\u00a0%"
