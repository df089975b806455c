"""The engine against the slow oracle on random books: equal to the last digit."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revenue.fx import Rate, RateTable
from revenue.mrr.as_json import as_json
from revenue.mrr.book import Book, Row, Settings
from revenue.mrr.movements import KINDS, SIGN, day_ledger, movements
from revenue.mrr.report import compute
from revenue.mrr.validation import Reading, validate_row
from tests.revenue.oracle import Oracle

BEGIN = date(2023, 11, 1)
DAYS = 200
YEAR = timedelta(days=365)
FIRST_MONTH = date(2024, 1, 1)
CLOSE_RATES = [Decimal(text) for text in ("0.8", "1", "1.25", "2")]
wide_rates = st.decimals(min_value=Decimal("0.2"), max_value=Decimal(170), places=4)
days = st.integers(0, DAYS).map(lambda offset: BEGIN + timedelta(days=offset))
money = st.one_of(
    st.sampled_from([Decimal(text) for text in ("0", "100", "50", "-50", "-100", "0.0001", "-0.0001", "110")]),
    st.decimals(min_value=-200, max_value=500, places=4),
)


@st.composite
def rows(draw):
    found = []
    for line in range(draw(st.integers(1, 9))):
        start = draw(days) - draw(st.sampled_from([timedelta(0), timedelta(0), YEAR]))
        length = draw(st.one_of(st.none(), st.integers(0, 12), st.integers(0, 120), st.integers(300, 400)))
        trial = draw(st.one_of(st.none(), st.none(), st.integers(-3, 40)))
        billed = draw(st.booleans()) and draw(st.booleans())
        found.append(
            Row(
                organization=draw(st.sampled_from("abc")),
                line=line,
                product_code=draw(st.sampled_from(["p", "q"])),
                currency=draw(st.sampled_from(["EUR", "EUR", "USD", "GBP", "JPY", "NGN"])),
                start_on=start,
                end_on=None if length is None else start + timedelta(days=length),
                trial_end_on=None if trial is None else start + timedelta(days=trial),
                mrr=None if billed else draw(money),
                amount=draw(money) if billed else None,
                interval=draw(st.sampled_from(["month", "quarter", "half-year", "year", "week", "day"])),
                interval_count=draw(st.integers(1, 3)),
                known_from=draw(st.one_of(st.none(), days)),
                known_to=draw(st.one_of(st.none(), st.none(), days)),
            )
        )
    return found


@st.composite
def tables(draw):
    """Rates that move a lot, so that discounts in another currency make customers pay or not by the rate."""
    found = {}
    for currency in draw(st.sets(st.sampled_from(["USD", "GBP", "JPY"]))):
        for offset in draw(st.sets(st.integers(0, DAYS), min_size=1, max_size=6)):
            per_eur = draw(st.one_of(st.sampled_from(CLOSE_RATES), wide_rates))
            on = BEGIN + timedelta(days=offset) - draw(st.sampled_from([timedelta(0), YEAR]))
            found[on, currency] = per_eur
    return [(on, currency, per_eur) for (on, currency), per_eur in found.items()]


installs = st.builds(
    Settings,
    reporting_currency=st.sampled_from(["EUR", "EUR", "USD"]),
    gap_grace_days=st.sampled_from([0, 0, 1, 5, 30]),
    fx_mode=st.sampled_from(["period_end", "period_end", "constant"]),
    fx_constant_date=days,
)
as_ofs = st.integers(61, DAYS).map(lambda offset: BEGIN + timedelta(days=offset))
slow = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def table(rates):
    return RateTable(Rate(*rate) for rate in rates)


@slow
@given(rows(), tables(), installs, as_ofs, st.one_of(st.none(), days))
def test_report_equals_the_oracle(book_rows, rates, install, as_of, known_on):
    report = compute(book_rows, table(rates), install, as_of=as_of, first_month=FIRST_MONTH, known_on=known_on)
    assert as_json(report) == Oracle(book_rows, rates, install, as_of, known_on).report(FIRST_MONTH)


@slow
@given(rows(), tables(), installs, as_ofs)
def test_lists_add_up_to_the_numbers(book_rows, rates, install, as_of):
    standing = [row for row in book_rows if row.known_to is None]
    book = Book(standing, table(rates), install, as_of)
    report = compute(standing, table(rates), install, as_of=as_of, first_month=FIRST_MONTH)
    for figures in report.months:
        listed = movements(book, figures.month.first, figures.month.close)
        daily = day_ledger(book, figures.month.first, figures.month.close)
        for kind in KINDS:
            own = [movement for movement in listed if movement.kind == kind]
            assert sum(movement.amount for movement in own) == getattr(figures.bridge, kind)
            assert len(own) == figures.organizations[kind]
            assert sum(m.amount for m in daily if m.kind == kind) == figures.activity[kind]
        assert sum(movement.fx_impact for movement in listed) == figures.bridge.fx_impact
        for movement in listed:
            signed = SIGN[movement.kind] * movement.amount if movement.kind else 0
            assert movement.opening + signed + movement.fx_impact == movement.closing


ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
moments = st.one_of(st.none(), st.tuples(st.times(), st.integers(-14 * 60, 14 * 60)))


def written(on, zone, moment):
    """A day of the zone as people's systems write it: the bare date, or any moment of it under any offset."""
    if on is None or moment is None:
        return on and on.isoformat()
    clock, offset = moment
    there = timezone(timedelta(minutes=offset))
    return datetime.combine(on, clock.replace(microsecond=0), zone).astimezone(there).isoformat()


@slow
@given(rows(), st.sampled_from(ZONES).map(ZoneInfo), st.sampled_from(["exclusive", "inclusive"]), st.data())
def test_a_book_written_in_any_zone_and_convention_is_the_same_book(book_rows, zone, convention, data):
    reading = Reading(BEGIN, zone, convention)
    last_day = timedelta(days=1 if convention == "inclusive" else 0)
    for row in book_rows:
        if row.end_on is not None and row.end_on - last_day < row.start_on:
            continue  # no last day can say that a row never counts
        ends = row.end_on and row.end_on - last_day
        start, end, trial_end = (written(on, zone, data.draw(moments)) for on in (row.start_on, ends, row.trial_end_on))
        values = {name: str(value) for name in ("mrr", "amount") if (value := getattr(row, name)) is not None}
        cells = {
            "external_org_id": row.organization,
            "subscription_id": str(row.line),
            "product_code": row.product_code,
            "currency": row.currency,
            "start_at": start,
            "end_at": end,
            "trial_end_at": trial_end,
            "interval": row.interval,
            "interval_count": str(row.interval_count),
        }
        checked = validate_row(cells | values, 2, reading)
        assert checked.row == replace(row, line=str(row.line), known_from=None, known_to=None)
