"""R23-R26 at their edges: currencies, rates and their tables. Expected figures are worked out by hand."""

import pytest

from tests.revenue.given import Books, told

pytestmark = pytest.mark.django_db
# Dollars rise from 1.10 to 1.20 in February; 0.88 pounds are a euro throughout.
RISING = "2024-02-15,USD,1.20\n2023-12-29,USD,1.10\n2023-12-29,GBP,0.88"
STILL = dict.fromkeys(("new", "expansion", "reactivation", "contraction", "churn"), "0.0000")

CASES = {
    "R23 codes trimmed and upper-cased, empty is the reporting currency": {
        "rates": "2024-01-01, usd ,1.25",
        "lines": """
            a,p,100, usd ,2024-01-01,
            b,p,10,,2024-01-01,
            c,p,1,eur,2024-01-01,
        """,
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {"mrr_end": "91.0000", "mrr_by_currency": {"EUR": "11.0000", "USD": "100.0000"}},
            "unconverted_rows": [],
        },
    },
    "R23 without any rate: outside of every total, cohort and ratio": {
        "rates": RISING,
        "lines": """
            a,p,100,NGN,2023-12-01,2024-01-10
            b,q,5000,NGN,2024-01-10,
            b,p,7,EUR,2024-01-10,
            c,p,0,XXX,2024-01-10,
        """,
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {
                **STILL,
                "new": "7.0000",
                "mrr_end": "7.0000",
                "paying_orgs_start": 0,
                "logo_churn_rate": None,
                "mrr_by_product": {"p": "7.0000"},
                "mrr_by_currency": {"EUR": "7.0000"},
            },
            "unconverted_rows": [
                "a · p · 2023-12-01",
                "b · q · 2024-01-10",
                "c · p · 2024-01-10",
            ],
            "org_mrr_at_as_of": {"b": "7.0000"},
        },
    },
    "R23 a reporting currency without a rate converts nothing, not even euros": {
        "settings": {"reporting_currency": "CHF"},
        "rates": RISING,
        "lines": "a,p,100,CHF,2024-01-01,\nb,p,100,EUR,2024-01-01,\nc,p,100,USD,2024-01-01,\nd,p,5,,2024-01-01,",
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {"mrr_end": "105.0000"},
            "unconverted_rows": ["b · p · 2024-01-01", "c · p · 2024-01-01"],
        },
    },
    "R24 the latest on or before the close, whatever the order of the file": {
        "rates": "2024-03-01,USD,2.00\n2024-01-31,USD,1.00\n2024-02-28,USD,1.25",
        "lines": "a,p,100,USD,2023-12-01,",
        "months": ("2024-01", "2024-03-31"),
        "expected": {
            # The close of December lies before the table: the earliest rate.
            "2024-01": {**STILL, "mrr_start": "100.0000", "mrr_end": "100.0000", "fx_impact": "0.0000"},
            "2024-02": {**STILL, "mrr_end": "80.0000", "fx_impact": "-20.0000", "nrr": "1.000000"},
            "2024-03": {**STILL, "mrr_end": "50.0000", "fx_impact": "-30.0000", "nrr": "1.000000"},
            "whole_range": {**STILL, "start": "100.0000", "fx_impact": "-50.0000", "end": "50.0000"},
        },
    },
    "R25 movements at the opening rates, each beside its fx impact": {
        "rates": "2023-12-29,USD,1.25\n2024-01-15,USD,2.00",
        "lines": """
            up,p,100,USD,2023-12-01,2024-01-10
            up,p,150,USD,2024-01-10,
            down,p,100,USD,2023-12-01,2024-01-10
            down,p,50,USD,2024-01-10,
            new,p,100,USD,2024-01-20,
            gone,p,100,USD,2023-12-01,2024-01-20
        """,
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {
                "mrr_start": "240.0000",
                "new": "80.0000",
                "expansion": "40.0000",
                "contraction": "40.0000",
                "churn": "80.0000",
                # 150: 120 to 75; 50: 40 to 25; 100: 80 to 50.
                "fx_impact": "-90.0000",
                "mrr_end": "150.0000",
                "nrr": "0.666667",
                "grr": "0.500000",
                # Day by day the new one came at 2.00 and the lost one left at 2.00.
                "activity": {
                    "new": "50.0000",
                    "expansion": "40.0000",
                    "reactivation": "0.0000",
                    "contraction": "40.0000",
                    "churn": "50.0000",
                    "fx_impact": "-90.0000",
                },
            },
        },
    },
    "R25 another reporting currency than the euro: cross rates": {
        "settings": {"reporting_currency": "USD"},
        "rates": RISING,
        "lines": """
            a,p,100,EUR,2024-01-01,2024-02-10
            a,p,150,EUR,2024-02-10,
            b,p,44,GBP,2024-01-01,
            c,p,10,USD,2024-01-01,
            d,p,1,,2024-01-01,
        """,
        "months": ("2024-01", "2024-02-29"),
        "expected": {
            "2024-01": {
                "mrr_end": "176.0000",
                "mrr_by_currency": {"EUR": "100.0000", "GBP": "44.0000", "USD": "11.0000"},
            },
            # 50 EUR more at 1.10; then 150 EUR and 50 EUR worth of pounds gain 0.10 each.
            "2024-02": {**STILL, "expansion": "55.0000", "fx_impact": "20.0000", "mrr_end": "251.0000"},
        },
    },
    "R25 constant: one day's rates on every day, in cross rates too": {
        "settings": {"reporting_currency": "GBP", "fx_mode": "constant", "fx_constant_date": "2024-02-20"},
        "rates": RISING,
        "lines": "a,p,120,USD,2024-01-01,2024-02-10\na,p,240,USD,2024-02-10,\nb,p,100,EUR,2024-01-01,",
        "months": ("2024-01", "2024-02-29"),
        "expected": {
            "2024-01": {"mrr_end": "176.0000", "fx_impact": "0.0000"},
            "2024-02": {**STILL, "expansion": "88.0000", "fx_impact": "0.0000", "mrr_end": "264.0000"},
        },
    },
    "R24 R25 constant, on a day before the table": {
        "settings": {"fx_mode": "constant", "fx_constant_date": "2000-01-01"},
        "rates": RISING,
        "lines": "a,p,110,USD,2024-01-01,",
        "months": ("2024-02", "2024-02-29"),
        "expected": {"2024-02": {**STILL, "mrr_end": "100.0000"}},
    },
    "R26 every line is rounded by itself, half away from zero, and then summed": {
        "rates": "2024-01-01,USD,3\n2024-01-01,JPY,2",
        "lines": """
            a,p,100,USD,2024-01-01,
            a,q,100,USD,2024-01-01,
            a,r,100,USD,2024-01-01,
            b,half,0.0001,JPY,2024-01-01,
            c,p,1,EUR,2024-01-01,
            c,minus half,-0.0001,JPY,2024-01-01,
        """,
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {
                "mrr_end": "100.9999",
                "mrr_by_product": {
                    "p": "34.3333",
                    "q": "33.3333",
                    "r": "33.3333",
                    "half": "0.0001",
                    "minus half": "-0.0001",
                },
            },
            "org_mrr_at_as_of": {"a": "99.9999", "b": "0.0001", "c": "0.9999"},
        },
    },
    "R5 R25 rates alone decide who pays": {
        "rates": "2023-12-29,USD,1.00\n2024-01-15,USD,2.00\n2024-02-15,USD,1.00",
        "lines": "a,p,100,USD,2023-12-01,\na,credit,-60,EUR,2023-12-01,",
        "months": ("2024-01", "2024-02-29"),
        "expected": {
            "2024-01": {**STILL, "mrr_start": "40.0000", "churn": "40.0000", "mrr_end": "0.0000"},
            # Its value at the opening rates is 0: what came back, the rates brought.
            "2024-02": {**STILL, "mrr_end": "40.0000", "fx_impact": "40.0000", "paying_orgs_end": 1},
        },
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rule(case: dict, tmp_path) -> None:
    books = Books(tmp_path)
    books.settings(**case.get("settings", {}))
    assert books.rates(case["rates"])["refused"] == []
    assert books.lines(case["lines"])["refused"] == []
    assert told(books.report(*case["months"]), case["expected"]) == case["expected"]


WIDE = {
    "as the history is published": (
        "Date,USD,JPY,CYP,GBP,",
        "2024-02-15,1.20,160,N/A,0.88,\n2023-12-29,1.10,N/A,N/A,0.88,",
    ),
    "as the day is published": ("Date, USD, JPY, GBP, ", "15 February 2024, 1.20, 160, 0.88, "),
}


@pytest.mark.parametrize(("header", "table"), WIDE.values(), ids=WIDE)
def test_the_tables_of_the_ecb(header: str, table: str, tmp_path) -> None:
    books = Books(tmp_path)
    assert books.rates(table, header)["refused"] == []
    books.lines("a,p,120,USD,2024-02-20,\nb,p,160,JPY,2024-02-20,\nc,p,88,GBP,2024-02-20,\nd,p,9,CYP,2024-02-20,")
    report = books.report("2024-02", "2024-02-29")
    assert report["org_mrr_at_as_of"] == {"a": "100.0000", "b": "1.0000", "c": "100.0000"}
    assert report["unconverted_rows"] == ["d · p · 2024-02-20"]
