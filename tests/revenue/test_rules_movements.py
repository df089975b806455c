"""R10-R22 and R27 at their edges: movements, gaps, ratios, cohorts. Expected figures are worked out by hand."""

import pytest

from tests.revenue.given import Books, told

pytestmark = pytest.mark.django_db
TRIAL = "external_org_id,product_code,mrr,currency,start_at,end_at,trial_end_at"
# No revenue on 30 and 31 March and 1 April.
THREE_DAYS = "a,p,100,EUR,2024-01-01,2024-03-30\na,p,60,EUR,2024-04-02,"
STILL = dict.fromkeys(("new", "expansion", "reactivation", "contraction", "churn", "fx_impact"), "0.0000")
# A customer base of three, one that had left, one new one.
BASE = """
    a,p,100,EUR,2023-01-01,2024-01-10
    a,p,150,EUR,2024-01-10,
    b,p,200,EUR,2023-01-01,2024-01-15
    b,p,120,EUR,2024-01-15,
    c,p,100,EUR,2023-01-01,2024-01-20
    d,p,80,EUR,2023-06-01,2023-09-15
    d,p,60,EUR,2024-01-05,
    e,p,70,EUR,2024-01-08,
"""

CASES = {
    "R10 R14 several steps of one month are one movement, and each a day of the ledger": {
        "lines": """
            a,p,100,EUR,2023-12-01,2024-01-05
            a,p,160,EUR,2024-01-05,2024-01-10
            a,p,90,EUR,2024-01-12,2024-01-20
            a,p,130,EUR,2024-01-20,
        """,
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {
                "expansion": "30.0000",
                "orgs": {"new": 0, "expansion": 1, "reactivation": 0, "contraction": 0, "churn": 0},
                "activity": {
                    "new": "0.0000",
                    "expansion": "100.0000",
                    "reactivation": "90.0000",
                    "contraction": "0.0000",
                    "churn": "160.0000",
                    "fx_impact": "0.0000",
                },
            },
        },
    },
    "R12 after thirteen years it is still a reactivation, and of its first cohort": {
        "lines": "a,p,10,EUR,2011-02-10,2011-02-11\na,p,25,EUR,2024-03-10,",
        "months": ("2024-03", "2024-04-30"),
        "expected": {
            "2024-03": {"reactivation": "25.0000", "new": "0.0000", "activity": {"reactivation": "25.0000"}},
            "whole_range": {"reactivation": "25.0000", "new": "0.0000"},
        },
    },
    "R12 a day that was paid inside the month makes it no reactivation of that month": {
        "lines": "a,p,10,EUR,2024-03-01,2024-03-05\na,p,25,EUR,2024-03-10,",
        "months": ("2024-03", "2024-03-31"),
        "expected": {
            "2024-03": {"new": "25.0000", "activity": {"new": "10.0000", "reactivation": "25.0000", "churn": "10.0000"}}
        },
    },
    "R13 a gap of exactly the days of grace": {
        "settings": {"gap_grace_days": 3},
        "lines": THREE_DAYS,
        "months": ("2024-03", "2024-04-30"),
        "expected": {
            "2024-03": {"mrr_end": "100.0000", "activity": STILL},
            "2024-04": {"contraction": "40.0000", "mrr_end": "60.0000", "activity": STILL | {"contraction": "40.0000"}},
        },
    },
    "R13 a gap of one day more": {
        "settings": {"gap_grace_days": 2},
        "lines": THREE_DAYS,
        "months": ("2024-03", "2024-04-30"),
        "expected": {"2024-03": {"churn": "100.0000"}, "2024-04": {"reactivation": "60.0000", "ltv": "120.0000"}},
    },
    "R13 a gap that is not closed yet stays open": {
        "settings": {"gap_grace_days": 30},
        "lines": THREE_DAYS,
        "months": ("2024-03", "2024-04-01"),
        "expected": {
            "2024-03": {"mrr_end": "0.0000", "churn": "100.0000"},
            "2024-04": {"mrr_start": "0.0000", "mrr_end": "0.0000", "partial": True},
        },
    },
    "R13 only the lines of the last paying day fill it, and nothing that lies in it": {
        "settings": {"gap_grace_days": 3},
        "lines": """
            a,p,100,EUR,2024-01-01,2024-03-30
            a,q,50,EUR,2024-01-01,2024-03-29
            a,free,0,EUR,2024-03-30,2024-04-02
            a,r,70,EUR,2024-04-02,
        """,
        "months": ("2024-03", "2024-04-30"),
        "expected": {
            "2024-03": {
                "contraction": "50.0000",
                "mrr_by_product": {"p": "100.0000"},
                "product_counts": {"p": [1, 1]},
                "activity": STILL | {"contraction": "50.0000"},
            },
            "2024-04": {"contraction": "30.0000", "mrr_by_product": {"r": "70.0000"}},
        },
    },
    "R13 a discount that takes everything for a few days": {
        "settings": {"gap_grace_days": 3},
        "lines": "a,p,100,EUR,2024-01-01,\na,credit,-200,EUR,2024-03-30,2024-04-02",
        "months": ("2024-03", "2024-04-30"),
        "expected": {
            "2024-03": {"mrr_end": "100.0000", "mrr_by_product": {"p": "100.0000"}, "activity": STILL},
            "2024-04": {"mrr_end": "100.0000", "activity": STILL},
        },
    },
    "R7 R13 the trial of the next line belongs to the gap": {
        "settings": {"gap_grace_days": 3},
        "header": TRIAL,
        "lines": "a,p,100,EUR,2024-01-01,2024-03-30,\na,p,60,EUR,2024-03-20,,2024-04-02\n"
        "b,p,100,EUR,2024-01-01,2024-03-30,\nb,p,60,EUR,2024-03-20,,2024-04-03",
        "months": ("2024-03", "2024-04-30"),
        "expected": {
            "2024-03": {"mrr_end": "100.0000", "churn": "100.0000"},
            "2024-04": {"contraction": "40.0000", "reactivation": "60.0000"},
        },
    },
    "R13 R25 a filled gap is converted at the rates of its own days": {
        "settings": {"gap_grace_days": 3},
        "rates": "2024-02-29,USD,1.25\n2024-03-31,USD,1.00",
        "lines": "a,p,100,USD,2024-01-01,2024-03-30\na,p,90,EUR,2024-04-02,",
        "months": ("2024-03", "2024-04-30"),
        "expected": {
            "2024-03": {"mrr_start": "80.0000", "fx_impact": "20.0000", "mrr_end": "100.0000", "churn": "0.0000"},
            "2024-04": {"contraction": "10.0000", "fx_impact": "0.0000", "mrr_end": "90.0000"},
        },
    },
    "R15-R20 R22 ratios of a month with every movement": {
        "lines": BASE,
        "months": ("2024-01", "2024-02-29"),
        "expected": {
            "2024-01": {
                "mrr_start": "400.0000",
                "new": "70.0000",
                "expansion": "50.0000",
                "reactivation": "60.0000",
                "contraction": "80.0000",
                "churn": "100.0000",
                "mrr_end": "400.0000",
                "arr_end": "4800.0000",
                "arpa": "100.0000",
                "nrr": "0.675000",
                "grr": "0.550000",
                "nrr_12m": "0.675000",
                "grr_12m": "0.550000",
                "logo_churn_rate": "0.333333",
                "gross_mrr_churn_rate": "0.450000",
                "net_mrr_churn_rate": "0.175000",
                "quick_ratio": "1.000000",
                # The six months before: one of four left in September, else nobody.
                "ltv": "2400.0000",
                "top1_share": "0.375000",
                "top10_share": "1.000000",
                "hhi": "0.283750",
            },
            # August to January: a quarter and a third of six.
            "2024-02": {"nrr": "1.000000", "quick_ratio": None, "nrr_12m": "0.675000", "ltv": "1028.5714"},
            "whole_range": {"start": "400.0000", "churn": "100.0000", "reactivation": "60.0000", "end": "400.0000"},
        },
    },
    "R16 point to point: who left and came back within the twelve months counts as it stands": {
        "lines": """
            a,p,100,EUR,2023-01-01,2023-03-10
            a,p,300,EUR,2023-11-10,
            b,p,100,EUR,2023-02-01,
        """,
        "months": ("2024-01", "2024-02-29"),
        "expected": {
            "2024-01": {"nrr_12m": "3.000000", "grr_12m": "1.000000"},
            # A year earlier 28 February closed the month: a and b paid 100 each.
            "2024-02": {"nrr_12m": "2.000000", "grr_12m": "1.000000"},
        },
    },
    "R17 R19 gains alone: net churn below zero, no quick ratio, no lifetime value": {
        "lines": "a,p,100,EUR,2023-12-01,2024-01-10\na,p,150,EUR,2024-01-10,",
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {
                "net_mrr_churn_rate": "-0.500000",
                "gross_mrr_churn_rate": "0.000000",
                "quick_ratio": None,
                "nrr": "1.500000",
                "grr": "1.000000",
                "nrr_12m": None,
                "ltv": None,
            }
        },
    },
    "R20 months before anybody paid are not averaged": {
        "lines": "a,p,100,EUR,2023-11-10,2023-12-10\nb,p,100,EUR,2023-11-10,",
        "months": ("2024-01", "2024-01-31"),
        # Of the six months before only December opened with anybody: half of them left.
        "expected": {"2024-01": {"arpa": "100.0000", "ltv": "200.0000"}},
    },
    "R27 an install without a single line": {
        "lines": "",
        "months": ("2024-01", "2024-01-15"),
        "expected": {
            "2024-01": {
                "mrr_end": "0.0000",
                "arpa": None,
                "nrr": None,
                "grr_12m": None,
                "logo_churn_rate": None,
                "net_mrr_churn_rate": None,
                "quick_ratio": None,
                "ltv": None,
                "top1_share": None,
                "hhi": None,
                "mrr_by_product": {},
                "mrr_by_currency": {},
            },
            "cohorts": [],
            "org_mrr_at_as_of": {},
        },
    },
    "R21 cohorts: the last day of a month, a life of one day, the running month": {
        "lines": """
            a,p,100,EUR,2024-01-31,
            a,credit,-30,EUR,2024-01-31,2024-02-01
            b,p,40,EUR,2024-01-10,2024-01-11
            b,p,60,EUR,2024-03-15,
            c,free,0,EUR,2024-01-01,2024-02-15
            c,p,5,EUR,2024-02-15,2024-03-15
        """,
        "months": ("2024-03", "2024-03-15"),
        "expected": {
            "cohorts": [
                {
                    "cohort": "2024-01",
                    "size": 2,
                    "first_day_mrr": "110.0000",
                    "paying_by_month": [1, 1, 2],
                    "mrr_by_month": ["70.0000", "100.0000", "160.0000"],
                },
                {
                    "cohort": "2024-02",
                    "size": 1,
                    "first_day_mrr": "5.0000",
                    "paying_by_month": [1, 0],
                    "mrr_by_month": ["5.0000", "0.0000"],
                },
            ]
        },
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rule(case: dict, tmp_path) -> None:
    books = Books(tmp_path)
    books.settings(**case.get("settings", {}))
    if "rates" in case:
        books.rates(case["rates"])
    header = {"header": case["header"]} if "header" in case else {}
    assert books.lines(case["lines"], **header)["refused"] == []
    assert told(books.report(*case["months"]), case["expected"]) == case["expected"]
