"""Proposals: which spellings meet, why, and what is left to people."""

import random
import time

import pytest

from orgs.matching import Reason, is_near, normal, propose

ALIKE = [
    ("ACME", "acme", Reason.CASE),
    ("org_456", "org-456", Reason.SEPARATORS),
    ("Org 456", "org.456", Reason.SEPARATORS),
    ("org-00456", "org-456", Reason.PADDING),
    ("0042", "42", Reason.PADDING),
    ("456.0", "456", Reason.SEPARATORS),
    ("acme.com", "acme", Reason.WRAPPED),
    ("https://app.acme.co.uk/login", "acme", Reason.WRAPPED),
    ("https://app.example.com/orgs/org-456", "org_456", Reason.WRAPPED),
    ("org-456@tenants.example.com", "org-456", Reason.WRAPPED),
    ("acme", "https://www.acme.com/", Reason.WRAPPED),
    ("kim@acme.com", "acme.com", Reason.WRAPPED),
    ("globx-12", "globex-12", Reason.NEAR),
    ("gloebx", "globex", Reason.NEAR),
    ("initech-7", "initach-7", Reason.NEAR),
]
APART = [
    ("org-456", "org-457"),
    ("org-1-23", "org-12-3"),
    ("globex-12", "globex-13"),
    ("globex-1-2", "globe-12"),
    ("o1", "a1"),
    ("kim@gmail.com", "gmail"),
    ("acme.com", "acme.io"),
    ("initech", "umbrella"),
    ("x" * 200 + "y", "x" * 200 + "z"),
]


@pytest.mark.parametrize(("seen", "known", "reason"), ALIKE)
def test_alike(seen: str, known: str, reason: Reason) -> None:
    assert [(pair.known, pair.reason, pair.is_ambiguous) for pair in propose([seen], [known])] == [
        (known, reason, False)
    ]


@pytest.mark.parametrize(("seen", "known"), APART)
def test_apart(seen: str, known: str) -> None:
    assert propose([seen], [known]) == []


def test_several_candidates_are_ambiguous_and_a_rejected_one_is_gone() -> None:
    both = propose(["org_456"], ["org-456", "Org-456"])
    assert [(pair.known, pair.is_ambiguous) for pair in both] == [("Org-456", True), ("org-456", True)]
    one = propose(["org_456"], ["org-456", "Org-456"], {("org_456", "Org-456")})
    assert [(pair.known, pair.is_ambiguous) for pair in one] == [("org-456", False)]


def test_two_spellings_of_one_customer_are_both_proposed() -> None:
    found = propose(["org_456", "ORG-456"], ["org-456"])
    assert [(pair.seen, pair.is_ambiguous) for pair in found] == [("org_456", False), ("ORG-456", False)]


def test_a_guess_that_fits_two_seen_ids_is_ambiguous() -> None:
    assert [pair.is_ambiguous for pair in propose(["globax", "globix"], ["globex"])] == [True, True]


def test_a_guess_gives_way_to_a_spelling() -> None:
    assert [pair.known for pair in propose(["GLOBEX"], ["globex", "globax"])] == ["globex"]


def test_normal_form_is_stable() -> None:
    for text in ("org-00-456", "ÅCME_01", "a..b--c", "007", "", " 0 "):
        assert normal(normal(text)) == normal(text)


def distance(one: str, other: str) -> int:
    """Slow and plain: edits with neighbours swapped as one."""
    table = [[max(i, j) if not (i and j) else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


def test_near_is_one_edit() -> None:
    rng = random.Random(4)
    for _ in range(3000):
        one, other = ("".join(rng.choices("abc", k=rng.randint(4, 7))) for _ in range(2))
        assert is_near(one, other) == (distance(one, other) <= 1), (one, other)


def test_ten_thousand_beside_ten_thousand_in_five_seconds() -> None:
    rng = random.Random(5)
    names = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(10_000)]
    known = [f"{name}-{number:05}" for number, name in enumerate(names)]
    seen = [f"{name.upper()}_{number}" for number, name in enumerate(names)]
    started = time.perf_counter()
    found = propose(seen, known)
    assert time.perf_counter() - started < 5
    assert [(pair.seen, pair.known) for pair in found] == list(zip(seen, known, strict=True))
    assert not any(pair.is_ambiguous for pair in found)
