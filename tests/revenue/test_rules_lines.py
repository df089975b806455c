"""R1-R9 at their edges: what a line is worth and on which days it counts. Expected figures are worked out by hand."""

import pytest

from tests.revenue.given import Books, told

pytestmark = pytest.mark.django_db
BILLED = "external_org_id,product_code,amount,interval,interval_count,currency,start_at"
TRIAL = "external_org_id,product_code,mrr,currency,start_at,end_at,trial_end_at"
HALF_YEAR = ("2024-01", "2024-06-30")

CASES = {
    "R1 every interval, rounded half away from zero": {
        "header": BILLED,
        "lines": """
            a,week,10,week,,EUR,2024-01-01
            b,two years,1200,year,2,EUR,2024-01-01
            c,two weeks,100,week,2,EUR,2024-01-01
            d,thirty days,1,day,30,EUR,2024-01-01
            e,half-year,700,half-year,1,EUR,2024-01-01
            f,two quarters,100,quarter,2,EUR,2024-01-01
            g,seven months,100,month,7,EUR,2024-01-01
            h,half a unit,0.0006,year,,EUR,2024-01-01
            i,minus half a unit,-0.0006,year,,EUR,2024-01-01
            j,minus a third,-100,Quarter,,EUR,2024-01-01
            k,no interval,5,,,EUR,2024-01-01
            l,plural,730,days,365,EUR,2024-01-01
        """,
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {
                "mrr_end": "524.4664",
                "arr_end": "6293.5968",
                "paying_orgs_end": 10,
                "mrr_by_product": {
                    "week": "43.3333",
                    "two years": "50.0000",
                    "two weeks": "216.6667",
                    "thirty days": "1.0139",
                    "half-year": "116.6667",
                    "two quarters": "16.6667",
                    "seven months": "14.2857",
                    "half a unit": "0.0001",
                    "minus half a unit": "-0.0001",
                    "minus a third": "-33.3333",
                    "no interval": "5.0000",
                    "plural": "60.8333",
                },
            },
        },
    },
    "R1 mrr counts beside an amount": {
        "header": f"{BILLED},mrr",
        "lines": "a,p,1200.13,year,,EUR,2024-01-01,100",
        "months": ("2024-01", "2024-01-31"),
        "expected": {"2024-01": {"mrr_end": "100.0000"}},
    },
    "R1 an mrr with more than four decimals": {
        "lines": """
            a,p,33.33335,EUR,2024-01-01,
            b,p,-0.00005,EUR,2024-01-01,
            c,q,0.00004,EUR,2024-01-01,
        """,
        "months": ("2024-01", "2024-01-31"),
        "expected": {
            "2024-01": {
                "mrr_end": "33.3334",
                "paying_orgs_end": 1,
                "mrr_by_product": {"p": "33.3333", "q": "0.0000"},
                "product_counts": {"p": [1, 1]},
            }
        },
    },
    "R2 R8 starts and ends on the first and the last day of a month": {
        "lines": """
            a,p,1,EUR,2024-01-31,2024-02-29
            b,p,10,EUR,2024-01-01,2024-03-01
            c,p,100,EUR,2024-02-01,2024-02-29
            d,p,1000,EUR,2024-02-29,2024-03-01
        """,
        "months": ("2024-01", "2024-03-31"),
        "expected": {
            "2024-01": {"mrr_end": "11.0000", "new": "11.0000"},
            "2024-02": {"mrr_end": "1010.0000", "new": "1000.0000", "churn": "1.0000", "orgs_in_and_out": 1},
            "2024-03": {"mrr_end": "0.0000", "churn": "1010.0000", "arpa": None},
        },
    },
    "R3 inclusive: the last day counts, and a line of one day too": {
        "settings": {"end_convention": "inclusive"},
        "lines": """
            a,p,80,EUR,2024-01-01,2024-03-31
            a,p,100,EUR,2024-04-01,2024-04-30
            b,p,7,EUR,2024-02-29,2024-02-29
            c,p,5,EUR,2024-01-10,2024-02-28
        """,
        "months": ("2024-01", "2024-05-31"),
        "expected": {
            "2024-01": {"mrr_end": "85.0000"},
            "2024-02": {"mrr_end": "87.0000", "new": "7.0000", "churn": "5.0000"},
            "2024-03": {"mrr_end": "80.0000", "churn": "7.0000"},
            "2024-04": {"mrr_end": "100.0000", "expansion": "20.0000", "reactivation": "0.0000"},
            "2024-05": {"mrr_end": "0.0000", "churn": "100.0000"},
        },
    },
    "R3 the file's convention goes before the install's": {
        "settings": {"end_convention": "inclusive"},
        "arguments": ["--end-convention", "exclusive"],
        "lines": "a,p,80,EUR,2024-01-01,2024-01-31",
        "months": ("2024-01", "2024-01-31"),
        "expected": {"2024-01": {"mrr_end": "0.0000", "orgs_in_and_out": 1}},
    },
    "R3 inclusive chosen for one file": {
        "arguments": ["--end-convention", "inclusive"],
        "lines": "a,p,80,EUR,2024-01-01,2024-01-31",
        "months": ("2024-01", "2024-02-29"),
        "expected": {"2024-01": {"mrr_end": "80.0000"}, "2024-02": {"churn": "80.0000"}},
    },
    "R3 R4 an inclusive end that is a timestamp": {
        "settings": {"end_convention": "inclusive", "timezone": "Europe/Berlin"},
        "lines": """
            a,p,80,EUR,2024-01-01,2024-03-30T22:59:59Z
            b,p,9,EUR,2024-01-01,2024-03-30T23:00:00Z
        """,
        "months": ("2024-03", "2024-03-31"),
        "expected": {"2024-03": {"mrr_end": "9.0000", "churn": "80.0000"}},
    },
    "R4 UTC: the last second of a month, with offsets east and west": {
        "lines": """
            a,p,1,EUR,2024-01-31T23:59:59.999Z,
            b,p,10,EUR,2024-02-01T00:30:00+02:00,
            c,p,100,EUR,2024-01-31T22:30:00-02:00,
            d,p,1000,EUR,2024-01-01,2024-01-31T23:30:00Z
            e,p,0.5,EUR,2024-02-01 00:30:00+01,
            f,p,0.25,EUR,2024-02-01 00:30:00+00,
        """,
        "months": ("2024-01", "2024-02-29"),
        "expected": {"2024-01": {"mrr_end": "11.5000", "orgs_in_and_out": 1}, "2024-02": {"new": "100.2500"}},
    },
    "R4 far east: half past eleven in UTC is the next day": {
        "settings": {"timezone": "Pacific/Auckland"},
        "lines": """
            a,p,1,EUR,2024-01-31T10:59:59Z,
            b,p,10,EUR,2024-01-31T11:00:00Z,
            c,p,100,EUR,2024-01-31,
            d,p,1000,EUR,2024-01-31 23:30:00,
        """,
        "months": ("2024-01", "2024-02-29"),
        "expected": {"2024-01": {"mrr_end": "1101.0000"}, "2024-02": {"new": "10.0000"}},
    },
    "R4 a trial's end and an end that are timestamps, far west": {
        "settings": {"timezone": "America/Los_Angeles"},
        "header": TRIAL,
        "lines": """
            a,p,1,EUR,2024-01-01,,2024-02-01T07:59:59Z
            b,p,10,EUR,2024-01-01,,2024-02-01T08:00:00Z
            c,p,100,EUR,2024-01-01,2024-02-01T07:00:00Z,
        """,
        "months": ("2024-01", "2024-02-29"),
        "expected": {
            "2024-01": {"mrr_end": "1.0000", "orgs_in_and_out": 1},
            "2024-02": {"mrr_end": "11.0000", "new": "10.0000"},
        },
    },
    "R5 a discount below zero takes nothing from others, and its end is a reactivation": {
        "lines": """
            a,p,100,EUR,2024-01-01,
            a,credit,-130,EUR,2024-02-10,2024-03-10
            b,p,50,EUR,2024-01-01,
            c,credit,-20,EUR,2024-01-01,
        """,
        "months": ("2024-01", "2024-03-31"),
        "expected": {
            "2024-01": {"mrr_end": "150.0000", "paying_orgs_end": 2},
            "2024-02": {
                "mrr_end": "50.0000",
                "churn": "100.0000",
                "contraction": "0.0000",
                "mrr_by_product": {"p": "150.0000", "credit": "-150.0000"},
                "product_counts": {"p": [2, 2]},
                "top1_share": "1.000000",
            },
            "2024-03": {"mrr_end": "150.0000", "reactivation": "100.0000", "new": "0.0000"},
            "org_mrr_at_as_of": {"a": "100.0000", "b": "50.0000"},
        },
    },
    "R6 paid to free is churn, free to paid again a reactivation, free alone nothing": {
        "lines": """
            a,p,90,EUR,2024-01-01,2024-02-10
            a,free,0,EUR,2024-02-10,2024-04-10
            a,p,30,EUR,2024-04-10,
            b,free,0,EUR,2024-01-01,
        """,
        "months": ("2024-01", "2024-04-30"),
        "expected": {
            "2024-01": {"mrr_by_product": {"p": "90.0000", "free": "0.0000"}, "product_counts": {"p": [1, 1]}},
            "2024-02": {"mrr_end": "0.0000", "churn": "90.0000", "mrr_by_currency": {"EUR": "0.0000"}, "hhi": None},
            "2024-04": {"reactivation": "30.0000", "paying_orgs_end": 1},
            "cohorts": [
                {
                    "cohort": "2024-01",
                    "size": 1,
                    "first_day_mrr": "90.0000",
                    "paying_by_month": [1, 0, 0, 1],
                    "mrr_by_month": ["90.0000", "0.0000", "0.0000", "30.0000"],
                }
            ],
        },
    },
    "R7 trials that end before the start, on the end and after it": {
        "header": TRIAL,
        "lines": """
            a,p,1,EUR,2024-02-10,,2024-01-20
            b,p,10,EUR,2024-01-10,2024-02-10,2024-02-10
            c,p,100,EUR,2024-01-10,2024-02-10,2024-03-20
            d,p,1000,EUR,2024-01-10,2024-02-10,2024-02-09
            e,p,10000,EUR,2024-01-10,,2024-07-01
        """,
        "months": HALF_YEAR,
        "expected": {
            "2024-01": {"mrr_end": "0.0000", "orgs_in_and_out": 0, "mrr_by_product": {}},
            "2024-02": {"mrr_end": "1.0000", "new": "1.0000", "orgs_in_and_out": 1},
            "2024-06": {"mrr_end": "1.0000", "activity": {"new": "0.0000"}},
        },
    },
    "R8 R9 the running month closes at as_of; what starts or ends later has no effect": {
        "lines": """
            a,p,100,EUR,2024-01-15,2024-03-16
            b,p,20,EUR,2024-03-16,
            c,p,3,EUR,2024-03-15,
        """,
        "months": ("2024-02", "2024-03-15"),
        "expected": {
            "2024-02": {"partial": False, "close_date": "2024-02-29"},
            "2024-03": {"partial": True, "close_date": "2024-03-15", "mrr_end": "103.0000", "new": "3.0000"},
            "whole_range": {"start": "100.0000", "new": "3.0000", "end": "103.0000"},
            "org_mrr_at_as_of": {"a": "100.0000", "c": "3.0000"},
        },
    },
    "R8 a month that ends on as_of is whole": {
        "lines": "a,p,100,EUR,2024-02-29,",
        "months": ("2024-02", "2024-02-29"),
        "expected": {"2024-02": {"partial": False, "close_date": "2024-02-29", "mrr_end": "100.0000"}},
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rule(case: dict, tmp_path) -> None:
    books = Books(tmp_path)
    books.settings(**case.get("settings", {}))
    header = {"header": case["header"]} if "header" in case else {}
    assert books.lines(case["lines"], *case.get("arguments", []), **header)["refused"] == []
    assert told(books.report(*case["months"]), case["expected"]) == case["expected"]


def test_a_difference_between_mrr_and_amount_over_a_cent_is_said(tmp_path) -> None:
    answer = Books(tmp_path).lines(
        "a,p,1200.12,year,,EUR,2024-01-01,100\na,q,1200.13,year,,EUR,2024-01-01,100", header=f"{BILLED},mrr"
    )
    assert [(each["line"], each["column"]) for each in answer["warnings"]] == [(3, "mrr")]


def test_ends_a_day_before_the_next_start_propose_the_inclusive_convention(tmp_path) -> None:
    answer = Books(tmp_path).lines("a,p,80,EUR,2024-01-01,2024-03-31\na,p,90,EUR,2024-04-01,")
    assert answer["notices"] == [
        "1\u00a0row ends the day before the next one starts (“ends 2024-03-31, next starts 2024-04-01”): "
        "the file probably names the last day with revenue. Then choose the end convention “inclusive”."
    ]
