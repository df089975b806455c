from decimal import Decimal

import pytest

from tracker.insights import formula
from tracker.insights.formula import BadFormula

NUMBERS = {"A": 6, "B": 4, "C": 0, "D": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A/B", "1.5"),
        ("a / b", "1.5"),
        ("A+B*2", "14"),
        ("(A+B)*2", "20"),
        ("A-B-1", "1"),
        ("A/B/2", "0.75"),
        ("-A+B", "-2"),
        ("-(A-B)*3", "-6"),
        ("A*-2", "-12"),
        ("--A", "6"),
        ("A/C", "0"),
        ("A/(B-4)", "0"),
        ("D+1", "1"),
        ("100*A/(A+B)", "60"),
        ("0.5*B", "2"),
        (".5*B", "2"),
        ("2.*B", "8"),
    ],
)
def test_value(text, value):
    assert formula.read(text, "ABCD").value(NUMBERS) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A/E", "There is no series E. The letters are A, B, C, D."),
        ("A+", "ends too early"),
        ("A B", "“B” is not expected"),
        ("A*/B", "“/” stands where"),
        ("(A", "not closed"),
        ("A)", "“)” is not expected"),
        ("A**B", "“*” stands where"),
        ("A*1234567890123456", "at most 15 digits"),
        ("A*0.12345678901", "10 behind it"),
        ("A+.", "“.” does not belong"),
        ("1.2.3", "“.3” is not expected"),
        ("__import__('os')", "“_” does not belong"),
        ("A;B", "“;” does not belong"),
        ("٣+A", "“٣” does not belong"),
        ("A" + "+A" * 100, "at most 200"),
        ("(" * 30 + "A", "more than 20 deep"),
        ("", "ends too early"),
    ],
)
def test_refusal(text, message):
    with pytest.raises(BadFormula) as error:
        formula.read(text, "ABCD")
    assert message in str(error.value)
