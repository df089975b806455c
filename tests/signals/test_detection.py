"""Scans: signals open, refresh, wake, resolve and return; a scan that is run again counts once."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from config.backoffice.models import AuditEntry
from orgs.models import Organization, OrganizationSnapshot
from revenue.models import ExchangeRate, Subscription
from signals import churn, handling, rounds, scoring, snapshots
from signals.detection import Scan, scan
from signals.lifecycle import Action
from signals.models import Churn, DataIncident, Reading, RuleVersion, ScanCursor, Signal, SignalTransition
from signals.versions import rule_settings
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago, healthy, paying, silent, span, used

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def scored_scan(moment: datetime = NOW) -> Scan:
    """As the scan job: score the day, then scan it."""
    day = moment.date()
    scoring.score(day, moment)
    return scan(day, moment, moment)


def only(org: Organization, rule: str) -> Signal:
    return Signal.objects.get(organization=org, type=rule)


def stop_paying(org: Organization) -> None:
    Subscription.objects.filter(key__organization=org).update(end_on=days_ago(1))


def pay_again(org: Organization) -> None:
    Subscription.objects.filter(key__organization=org).update(end_on=None)


def test_opens_with_numbers_a_sentence_and_the_money():
    healthy()
    gone = silent()
    assert scored_scan() == Scan(organizations=2, opened=2, woken=0, resolved=0)
    drop, inactive = only(gone, "usage_drop"), only(gone, "inactive_paying")
    assert (drop.severity, drop.urgency, drop.money_at_stake) == (Decimal("0.5936"), 1, Decimal("356.16"))
    assert (drop.mrr, drop.rule_version, drop.state) == (600, 1, "open")
    assert drop.evidence == {"events_30d": 110, "events_previous_30d": 290, "ratio_below": "0.7"}
    assert drop.sentence.startswith("30-day events 110, previous 290: −62")
    assert (inactive.severity, inactive.money_at_stake) == (Decimal("0.5313"), Decimal("318.78"))
    assert inactive.sentence == "Paying, last seen 20 days ago"
    assert (drop.opened_at, drop.last_scan_at, ScanCursor.objects.get().scanned_at) == (NOW, NOW, NOW)
    assert [(each.from_state, each.to_state, each.actor) for each in drop.transitions.all()] == [("", "open", None)]


def test_growth_is_weighed_by_growth():
    org = paying("up", "200")
    used(org, span(60, 31), events=10)
    used(org, span(30, 1), events=20)
    scored_scan()
    signal = only(org, "expansion_candidate")
    assert (signal.growth, signal.money_at_stake, signal.urgency) == (1, 200, 1)
    assert signal.calculation.endswith("%")


def test_growth_beyond_all_measure_does_not_stop_the_scan_of_others():
    org = paying("up", "9999999999")
    used(org, span(60, 31), events=2)
    used(org, span(30, 1), events=10**14)
    silent()
    scored_scan()
    assert only(org, "expansion_candidate").money_at_stake == 10**14
    assert Signal.objects.filter(type="inactive_paying").count() == 1


def test_the_same_scan_again_changes_nothing():
    silent()
    scored_scan()
    before = list(Signal.objects.order_by("id").values())
    assert scored_scan() == Scan(organizations=1, opened=0, woken=0, resolved=0)
    assert list(Signal.objects.order_by("id").values()) == before


def test_resolves_after_two_scans_and_not_after_the_same_one_twice():
    gone = silent()
    scored_scan()
    stop_paying(gone)
    for _ in range(3):
        scored_scan(NOW + HOUR)
    assert set(Signal.objects.values_list("state", "scans_not_true")) == {("open", 1)}
    assert scored_scan(NOW + 2 * HOUR).resolved == 2
    signal = only(gone, "inactive_paying")
    assert (signal.state, signal.closed_at, signal.was_false_since) == ("resolved", NOW + 2 * HOUR, True)
    assert signal.money_at_stake == Decimal("318.78")
    last = signal.transitions.first()
    assert (last.from_state, last.to_state, last.actor) == ("open", "resolved", None)


def test_a_signal_that_was_true_again_in_between_stays_open():
    gone = silent()
    scored_scan()
    stop_paying(gone)
    scored_scan(NOW + HOUR)
    pay_again(gone)
    scored_scan(NOW + 2 * HOUR)
    stop_paying(gone)
    scored_scan(NOW + 3 * HOUR)
    assert set(Signal.objects.values_list("state", flat=True)) == {"open"}


def test_a_dismissed_signal_returns_only_after_it_was_not_true():
    gone = silent()
    scored_scan()
    ada = factories.staff()
    first = only(gone, "inactive_paying")
    handling.act(first.pk, Action.DISMISS, actor=ada, now=NOW + timedelta(minutes=1), reason="Holiday")
    assert scored_scan(NOW + HOUR).opened == 0
    stop_paying(gone)
    scored_scan(NOW + 2 * HOUR)
    first.refresh_from_db()
    assert (first.state, first.was_false_since, first.reason) == ("dismissed", True, "Holiday")
    pay_again(gone)
    scored_scan(NOW + 3 * HOUR)
    states = Signal.objects.filter(type="inactive_paying").order_by("id").values_list("state", flat=True)
    assert list(states) == ["dismissed", "open"]


def test_a_dismissed_signal_returns_when_half_as_much_more_is_at_stake_after_the_cool_down():
    gone = silent(last=31)
    scored_scan()
    first = only(gone, "inactive_paying")
    assert first.money_at_stake == 600
    handling.act(first.pk, Action.DISMISS, actor=factories.staff(), now=NOW, reason="Known")
    Subscription.objects.update(mrr=Decimal("899.99"))
    assert scored_scan(NOW + 30 * DAY).opened == 0
    Subscription.objects.update(mrr=Decimal("900.00"))
    scored_scan(NOW + 29 * DAY + 2 * HOUR)
    assert Signal.objects.filter(type="inactive_paying").count() == 1
    scored_scan(NOW + 30 * DAY + HOUR)
    assert Signal.objects.filter(type="inactive_paying", state="open").count() == 1


def test_a_snooze_wakes_on_its_day():
    gone = silent()
    scored_scan()
    signal = only(gone, "inactive_paying")
    until = TODAY + timedelta(days=2)
    handling.act(signal.pk, Action.SNOOZE, actor=factories.staff(), now=NOW, reason="Wait", until=until)
    assert scored_scan(NOW + DAY).woken == 0
    assert scored_scan(NOW + 2 * DAY).woken == 1
    signal.refresh_from_db()
    assert (signal.state, signal.snoozed_until, signal.changed_at) == ("open", None, NOW + 2 * DAY)


def switch(rule: str, *, on: bool, now: datetime) -> None:
    """Somebody switches a rule."""
    known = rule_settings.latest(rule)
    rule_settings.publish(
        rule, known.thresholds, is_enabled=on, follows=known.version, why="Too loud", actor=None, now=now
    )


def test_a_rule_that_is_switched_off_opens_nothing_and_lets_go_at_once():
    gone = silent()
    scored_scan()
    switch("usage_drop", on=False, now=NOW)
    assert scored_scan(NOW + HOUR) == Scan(organizations=1, opened=0, woken=0, resolved=1)
    assert scored_scan(NOW + 2 * HOUR).resolved == 0
    assert dict(Signal.objects.values_list("type", "state")) == {"usage_drop": "resolved", "inactive_paying": "open"}
    signal = only(gone, "usage_drop")
    assert (signal.closed_at, signal.snoozed_until, signal.scans_not_true) == (NOW + HOUR, None, 0)
    reason = "The rule was switched off (v2)."
    assert (signal.transitions.first().reason, signal.transitions.count()) == (reason, 2)
    assert AuditEntry.objects.get(action="signal.resolved").detail == {"from": "open", "reason": reason}
    switch("usage_drop", on=True, now=NOW + 2 * HOUR)
    assert scored_scan(NOW + 3 * HOUR).opened == 1
    states = Signal.objects.filter(type="usage_drop").order_by("id").values_list("state", "rule_version")
    assert list(states) == [("resolved", 1), ("open", 3)]


@pytest.mark.parametrize(("action", "state"), [(Action.DISMISS, "dismissed"), (Action.RESOLVE, "resolved")])
def test_what_people_closed_stays_closed_when_its_rule_is_switched_off_and_on(action, state):
    gone = silent()
    scored_scan()
    signal = only(gone, "inactive_paying")
    handling.act(signal.pk, action, actor=factories.staff(), now=NOW, reason="Seasonal")
    switch("inactive_paying", on=False, now=NOW)
    for hours in (1, 2):
        scored_scan(NOW + hours * HOUR)
    switch("inactive_paying", on=True, now=NOW + 2 * HOUR)
    assert scored_scan(NOW + 3 * HOUR).opened == 0
    signal = only(gone, "inactive_paying")
    assert (signal.state, signal.was_false_since, signal.reason) == (state, False, "Seasonal")


def test_a_snooze_outlasts_that_its_rule_was_off_for_a_while():
    gone = silent()
    scored_scan()
    signal = only(gone, "inactive_paying")
    until = TODAY + 2 * DAY
    handling.act(signal.pk, Action.SNOOZE, actor=factories.staff(), now=NOW, reason="Holidays", until=until)
    switch("inactive_paying", on=False, now=NOW)
    assert scored_scan(NOW + HOUR).resolved == 0
    switch("inactive_paying", on=True, now=NOW + HOUR)
    scored_scan(NOW + 2 * HOUR)
    signal.refresh_from_db()
    assert (signal.state, signal.snoozed_until, signal.scans_not_true) == ("snoozed", until, 0)
    switch("inactive_paying", on=False, now=NOW + 2 * HOUR)
    assert scored_scan(NOW + 2 * DAY).resolved == 1
    signal.refresh_from_db()
    assert (signal.state, signal.snoozed_until) == ("resolved", None)


def test_one_customers_billions_of_billions_stop_nobody():
    """As much as an import takes, at the smallest rate that one takes."""
    ExchangeRate.objects.create(date=days_ago(400), currency="AAA", per_eur=Decimal("0.00000001"))
    most = paying("most", "1")
    for line in range(3):
        factories.subscription(most, "9999999999999999.9999", product_code=f"line {line}", currency="AAA")
    silent("gone", "600")
    at = NOW + HOUR
    assert rounds.scan_round(at, at) == Scan(organizations=2, opened=3, woken=0, resolved=0)
    mrr = 3 * Decimal("9999999999999999.9999") * 10**8 + 1
    assert Reading.objects.get(organization=most).mrr == OrganizationSnapshot.objects.get(organization=most).mrr == mrr
    assert only(most, "inactive_paying").mrr == mrr
    assert Signal.objects.filter(type="inactive_paying", mrr=600).count() == 1
    Subscription.objects.filter(key__organization=most).update(end_on=days_ago(10))
    assert churn.keep_up(at).found == 1
    assert Churn.objects.get().mrr == mrr


def test_published_thresholds_are_used_and_named():
    gone = silent()
    RuleVersion.objects.create(rule="inactive_paying", version=2, thresholds={"days": 21}, created_at=NOW)
    RuleVersion.objects.create(rule="usage_drop", version=2, thresholds={"ratio_below": "0.4"}, created_at=NOW)
    scored_scan()
    assert list(Signal.objects.values_list("type", "rule_version")) == [("usage_drop", 2)]
    assert only(gone, "usage_drop").severity == Decimal("0.2888")


def test_who_neither_pays_nor_is_active_is_not_looked_at():
    factories.organization("quiet")
    used(factories.organization("old"), span(90, 60))
    assert scored_scan() == Scan(organizations=0, opened=0, woken=0, resolved=0)


def test_what_a_person_moved_meanwhile_is_left_alone():
    """The scan decided on an open signal; by the time it writes, somebody has dismissed it."""
    from config.db import rows
    from signals import detection, sql
    from signals.versions import publishing

    gone = silent()
    scored_scan()
    later = NOW + HOUR
    plan = detection.decide_all(detection.Round(TODAY, later, later, publishing.rule_book()))
    signal = only(gone, "usage_drop")
    handling.act(signal.pk, Action.DISMISS, actor=factories.staff(), now=later, reason="Known")
    written = rows(sql.CONTINUE_SIGNALS, {"signals": detection.dumped(plan.continued), "scanned_at": later})
    assert [row[0] for row in written] == [only(gone, "inactive_paying").pk]
    signal.refresh_from_db()
    assert (signal.state, signal.last_scan_at) == ("dismissed", NOW)


def test_a_scan_shows_on_the_snapshot():
    gone = silent()
    snapshots.refresh(NOW)
    scored_scan()
    gone.snapshot.refresh_from_db()
    assert gone.snapshot.open_signals == ["usage_drop", "inactive_paying"]
    assert (gone.snapshot.open_signal_count, gone.snapshot.priority) == (2, Decimal("674.94"))
    assert SignalTransition.objects.count() == 2


def test_when_everybody_is_silent_each_payer_is_found_and_nothing_else_breaks():
    for number in range(6):
        silent(f"org-{number}", last=40)
    never = paying("never")
    scored_scan()
    found = Signal.objects.filter(type="inactive_paying")
    assert found.count() == 7
    assert found.get(organization=never).sentence == "Paying, never seen"
    # Nobody had events a week before either: that is no breakdown of the data.
    assert not DataIncident.objects.exists()
    assert set(Reading.objects.values_list("band", flat=True)) == {"no_activity"}
