"""The rules again, day by day and row by row, in `Fraction`s: slow, plain, no code of the engine."""

from calendar import monthrange
from datetime import timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import cache

DAY = timedelta(days=1)
WIDE = Context(prec=90, rounding=ROUND_HALF_UP)
KINDS = ("new", "expansion", "reactivation", "contraction", "churn")
PER_YEAR = {"month": 12, "quarter": 4, "half-year": 2, "year": 1, "week": 52, "day": 365}


def rounded(value, places=4):
    """Half away from zero, as a Fraction."""
    shifted = abs(value) * 10**places
    whole = (2 * shifted.numerator + shifted.denominator) // (2 * shifted.denominator)
    return Fraction(whole if value >= 0 else -whole, 10**places)


def text(value, places=4):
    if value is None:
        return None
    exact = rounded(Fraction(value), places)
    quotient = WIDE.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return f"{quotient.quantize(Decimal(1).scaleb(-places), context=WIDE) + 0:f}"


def quotient(numerator, denominator):
    return None if denominator == 0 else Fraction(numerator) / Fraction(denominator)


def month_ends(first, last):
    """(first day, last day) of every month from the one of `first` to the one of `last`."""
    day = first.replace(day=1)
    while day <= last:
        end = day.replace(day=monthrange(day.year, day.month)[1])
        yield day, end
        day = end + DAY


class Oracle:
    """`rows` are engine rows, `rates` a list of (date, currency, per_eur)."""

    def __init__(self, rows, rates, settings, as_of, known_on=None):
        self.settings = settings
        self.as_of = as_of
        self.rates = rates
        self.rows = [row for row in rows if self.is_known(row, known_on)]
        self.left_out = [row for row in self.rows if not self.convertible(row.currency)]
        self.counted = [row for row in self.rows if self.convertible(row.currency)]
        self.organizations = sorted({row.organization for row in self.counted})
        self.rate = cache(self._rate)
        self.rows_on = cache(self._rows_on)
        self.paying_raw = cache(self._paying_raw)
        self.first_day = min([row.start_on for row in self.counted], default=as_of)

    @staticmethod
    def is_known(row, on):
        if on is None:
            return row.known_to is None
        begun = row.known_from is None or row.known_from <= on
        return begun and not (row.known_to is not None and row.known_to <= on)

    def convertible(self, currency):
        priced = {"EUR"} | {code for _day, code, _rate in self.rates}
        reporting = self.settings.reporting_currency
        return currency == reporting or (currency in priced and reporting in priced)

    def _rate(self, currency, day):
        if currency == "EUR":
            return Fraction(1)
        own = sorted((on, per_eur) for on, code, per_eur in self.rates if code == currency)
        earlier = [per_eur for on, per_eur in own if on <= day]
        return Fraction(earlier[-1] if earlier else own[0][1])

    def native(self, row):
        if row.mrr is not None:
            return rounded(Fraction(row.mrr))
        yearly = Fraction(row.amount) * PER_YEAR[row.interval] / row.interval_count
        return rounded(yearly / 12)

    def converted(self, row, day):
        reporting = self.settings.reporting_currency
        if row.currency == reporting:
            return self.native(row)
        if self.settings.fx_mode == "constant":
            day = self.settings.fx_constant_date
        return rounded(self.native(row) * self.rate(reporting, day) / self.rate(row.currency, day))

    def active(self, organization, day):
        return [
            row
            for row in self.counted
            if row.organization == organization
            and row.start_on <= day
            and (row.trial_end_on is None or row.trial_end_on <= day)
            and (row.end_on is None or day < row.end_on)
            and day <= self.as_of
        ]

    def total(self, rows, day):
        return max(sum((self.converted(row, day) for row in rows), Fraction(0)), Fraction(0))

    def _paying_raw(self, organization, day):
        return self.total(self.active(organization, day), day) > 0

    def _rows_on(self, organization, day):
        """The rows in effect: on a day of a short closed gap those of the last paying day (R13)."""
        grace = self.settings.gap_grace_days
        if grace and not self.paying_raw(organization, day) and day <= self.as_of:
            before = next((d for d in self.around(day, -DAY, grace) if self.paying_raw(organization, d)), None)
            after = next((d for d in self.around(day, DAY, grace) if self.paying_raw(organization, d)), None)
            if before and after and (after - before).days - 1 <= grace:
                return self.active(organization, before)
        return self.active(organization, day)

    @staticmethod
    def around(day, step, grace):
        return [day + step * offset for offset in range(1, grace + 1)]

    def mrr(self, organization, day, rate_day=None):
        return self.total(self.rows_on(organization, day), rate_day or day)

    def first_paying(self, organization):
        day = self.first_day
        while day <= self.as_of:
            if self.mrr(organization, day) > 0:
                return day
            day += DAY
        return None

    def movement(self, organization, opening, closing):
        """(kind, amount, fx, S, E) between the closes of two days."""
        before = self.mrr(organization, opening)
        after = self.mrr(organization, closing)
        repriced = self.mrr(organization, closing, opening)
        first = self.first_paying_day[organization]
        if before == 0 and after == 0:
            return None, 0, 0, before, after
        if before == 0:
            kind = "reactivation" if first <= opening else "new"
            return kind, repriced, after - repriced, before, after
        if after == 0:
            return "churn", before, 0, before, after
        kind = None
        if repriced > before:
            kind = "expansion"
        elif repriced < before:
            kind = "contraction"
        return kind, abs(repriced - before), after - repriced, before, after

    def period(self, opening, closing):
        """Sums over all organizations."""
        sums = dict.fromkeys((*KINDS, "fx_impact", "start", "end"), Fraction(0))
        heads = dict.fromkeys(KINDS, 0)
        paying_start = paying_end = 0
        for organization in self.organizations:
            kind, amount, fx, before, after = self.movement(organization, opening, closing)
            sums["start"] += before
            sums["end"] += after
            sums["fx_impact"] += fx
            paying_start += before > 0
            paying_end += after > 0
            if kind:
                sums[kind] += amount
                heads[kind] += 1
        return sums, heads, paying_start, paying_end

    def report(self, first_month):
        self.first_paying_day = {who: self.first_paying(who) for who in self.organizations}
        months = [self.month(first, min(last, self.as_of), last) for first, last in month_ends(first_month, self.as_of)]
        whole, *_ = self.period(first_month - DAY, self.as_of)
        balances = {str(who): self.mrr(who, self.as_of) for who in self.organizations}
        return {
            "months": months,
            "whole_range": {key: text(value) for key, value in whole.items()},
            "cohorts": self.cohorts(),
            "org_mrr_at_as_of": {who: text(balance) for who, balance in balances.items() if balance},
            "unconverted_rows": [row.line for row in self.left_out],
        }

    def month(self, first, close, last):
        sums, heads, paying_start, paying_end = self.period(first - DAY, close)
        balances = sorted((self.mrr(who, close) for who in self.organizations), reverse=True)
        total = sums["end"]
        lost = sums["contraction"] + sums["churn"]
        gained = sums["expansion"] + sums["reactivation"]
        arpa = quotient(total, paying_end)
        retained, kept, base = self.retention(first - DAY, close)
        retained_12, kept_12, base_12 = self.retention(self.year_before(last), close)
        churn_rates = self.churn_rates(first)
        mean_churn = quotient(sum(churn_rates), len(churn_rates))
        return {
            "month": first.isoformat()[:7],
            "close_date": close.isoformat(),
            "partial": close < last,
            "mrr_start": text(sums["start"]),
            "mrr_end": text(total),
            **{key: text(sums[key]) for key in (*KINDS, "fx_impact")},
            "arr_end": text(12 * total),
            "paying_orgs_start": paying_start,
            "paying_orgs_end": paying_end,
            "orgs": heads,
            "orgs_in_and_out": sum(self.passed_through(who, first, close) for who in self.organizations),
            "arpa": text(arpa),
            "nrr": text(quotient(retained, base), 6),
            "grr": text(quotient(kept, base), 6),
            "nrr_12m": text(quotient(retained_12, base_12), 6),
            "grr_12m": text(quotient(kept_12, base_12), 6),
            "logo_churn_rate": text(quotient(heads["churn"], paying_start), 6),
            "gross_mrr_churn_rate": text(quotient(lost, sums["start"]), 6),
            "net_mrr_churn_rate": text(quotient(lost - gained, sums["start"]), 6),
            "quick_ratio": text(quotient(sums["new"] + gained, lost), 6),
            "ltv": text(arpa / mean_churn) if arpa is not None and mean_churn else None,
            "top1_share": text(quotient(sum(balances[:1]), total), 6),
            "top10_share": text(quotient(sum(balances[:10]), total), 6),
            "hhi": text(quotient(sum(b * b for b in balances), total * total), 6),
            **self.composition(close),
            "activity": self.activity(first, close),
        }

    @staticmethod
    def year_before(last):
        return last.replace(year=last.year - 1, day=monthrange(last.year - 1, last.month)[1])

    def retention(self, opening, closing):
        """Of those paying at `opening`: now at the rates of then, the same capped, and their base."""
        retained = kept = base = Fraction(0)
        for who in self.organizations:
            before = self.mrr(who, opening)
            if before > 0:
                now = self.mrr(who, closing, opening) if self.mrr(who, closing) > 0 else Fraction(0)
                base += before
                retained += now
                kept += min(before, now)
        return retained, kept, base

    def churn_rates(self, first):
        """Logo churn of the six months before, where anybody was paying at the opening."""
        rates = []
        for _ in range(6):
            close = first - DAY
            first = close.replace(day=1)
            _sums, heads, paying, _end = self.period(first - DAY, close)
            if paying:
                rates.append(Fraction(heads["churn"], paying))
        return rates

    def passed_through(self, who, first, close):
        if self.mrr(who, first - DAY) or self.mrr(who, close):
            return False
        return any(self.mrr(who, first + DAY * offset) > 0 for offset in range((close - first).days + 1))

    def composition(self, close):
        by_product, by_currency, lines = {}, {}, {}
        for who in self.organizations:
            for row in self.rows_on(who, close):
                code = row.product_code
                by_product[code] = by_product.get(code, 0) + self.converted(row, close)
                by_currency[row.currency] = by_currency.get(row.currency, 0) + self.native(row)
                if self.native(row) > 0:
                    lines.setdefault(code, []).append(who)
        return {
            "mrr_by_product": {code: text(value) for code, value in by_product.items()},
            "mrr_by_currency": {code: text(value) for code, value in by_currency.items()},
            "product_counts": {code: [len(whos), len(set(whos))] for code, whos in lines.items()},
        }

    def activity(self, first, close):
        sums = dict.fromkeys((*KINDS, "fx_impact"), Fraction(0))
        day = first
        while day <= close:
            for who in self.organizations:
                kind, amount, fx, *_ = self.movement(who, day - DAY, day)
                sums["fx_impact"] += fx
                if kind:
                    sums[kind] += amount
            day += DAY
        return {key: text(value) for key, value in sums.items()}

    def cohorts(self):
        groups = {}
        for who, first in self.first_paying_day.items():
            if first is not None:
                groups.setdefault(first.replace(day=1), []).append(who)
        return [self.cohort(month, groups[month]) for month in sorted(groups)]

    def cohort(self, month, whos):
        closes = [min(last, self.as_of) for _first, last in month_ends(month, self.as_of)]
        return {
            "cohort": month.isoformat()[:7],
            "size": len(whos),
            "first_day_mrr": text(sum(self.mrr(who, self.first_paying_day[who]) for who in whos)),
            "paying_by_month": [sum(self.mrr(who, close) > 0 for who in whos) for close in closes],
            "mrr_by_month": [text(sum(self.mrr(who, close) for who in whos)) for close in closes],
        }
