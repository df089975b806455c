"""Every worked case through the pure engine: exact in one currency, within its tolerances otherwise."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from revenue.fx import Rate, RateTable
from revenue.mrr.as_json import as_json
from revenue.mrr.book import Settings
from revenue.mrr.money import from_units, normalise, to_units
from revenue.mrr.report import compute
from revenue.mrr.validation import Reading, validate_row

CASES = json.loads((Path(__file__).parent / "cases" / "mrr_sample.json").read_text())
MONEY_FX = Decimal(CASES["tolerance"]["money_fx"])
RATIO = Decimal(CASES["tolerance"]["ratio"])
LTV = Decimal(CASES["tolerance"]["ltv"])
RATIO_KEYS = {"top1_share", "top10_share", "hhi", "quick_ratio"}


def day(text):
    return date.fromisoformat(text) if text else None


def read_rows(case):
    """Accepted rows (line = index in the case) and the refusals in the case's own words."""
    settings = case["settings"]
    reading = Reading(
        day(settings["as_of"]),
        ZoneInfo(settings["timezone"]),
        settings["end_convention"],
        settings["reporting_currency"],
    )
    rows, refused = [], []
    for index, raw in enumerate(case["rows"]):
        known = {key: day(raw.get(key)) for key in ("known_from", "known_to")}
        cells = {key: None if value is None else str(value) for key, value in raw.items()}
        checked = validate_row({**cells, "subscription_id": str(index)}, index, reading)
        if checked.row is None:
            refused.append({"row": index, "reason": checked.refusals[0].code})
        else:
            rows.append(replace(checked.row, line=index, **known))
    return rows, refused


def run(case):
    settings = case["settings"]
    rows, refused = read_rows(case)
    rates = [Rate(day(r["date"]), r["currency"], Decimal(r["per_eur"])) for r in case["fx_rates"]]
    report = compute(
        rows,
        RateTable(rates),
        Settings(
            settings["reporting_currency"],
            settings["gap_grace_days"],
            settings["fx_mode"],
            day(settings["fx_constant_date"]),
        ),
        as_of=day(settings["as_of"]),
        first_month=date.fromisoformat(settings["first_month"] + "-01"),
        known_on=day(settings["knowledge_date"]),
    )
    return {"rejected_rows": refused, **as_json(report)}


def tolerance(key, case):
    if key == "ltv":
        return LTV
    if key in RATIO_KEYS or key.startswith(("nrr", "grr")) or key.endswith("_rate"):
        return RATIO
    return MONEY_FX if case["fx_rates"] else Decimal(0)


def differences(expected, actual, case, path=(), key=""):
    """Every leaf that differs by more than its tolerance, with its path."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        if expected.keys() != actual.keys():
            return [(path, sorted(expected), sorted(actual))]
        return [
            found for name in expected for found in differences(expected[name], actual[name], case, (*path, name), name)
        ]
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return [(path, len(expected), len(actual))]
        return [
            found
            for index, (left, right) in enumerate(zip(expected, actual, strict=True))
            for found in differences(left, right, case, (*path, index), key)
        ]
    if expected == actual:
        return []
    try:
        close = abs(Decimal(expected) - Decimal(actual)) <= tolerance(key, case)
    except (TypeError, ArithmeticError):
        close = False
    return [] if close and isinstance(actual, str) else [(path, expected, actual)]


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
def test_worked_case(case):
    assert differences(case["expected"], run(case), case) == []


@pytest.mark.parametrize("sample", CASES["normalisation"], ids=lambda s: f"{s['amount']} per {s['interval']}")
def test_normalisation(sample):
    monthly = normalise(Decimal(sample["amount"]), sample["interval"], sample["interval_count"])
    assert str(monthly) == sample["mrr"]
    assert from_units(to_units(monthly)) == monthly
