"""Cells that repeat are written once, and not more of them are kept than is promised."""

import pytest

from tracker import cells


@pytest.fixture
def written():
    return []


@pytest.fixture
def remembered(written):
    return cells.Remembered(lambda value: written.append(value) or cells.text(value))


def test_what_repeats_is_written_once(remembered, written):
    assert [remembered[each] for each in ("a", None, "a", None)] == [b"\0\0\0\1a", cells.NULL] * 2
    assert written == ["a", None]


def test_long_values_are_not_kept(remembered, written):
    long = "é" * 200
    assert remembered[long] == remembered[long] == cells.text(long)
    assert (written, dict(remembered)) == ([long, long], {})


def test_no_more_are_kept_than_is_promised(remembered):
    for number in range(cells.MOST_KEPT + 3):
        assert remembered[str(number)] == cells.text(str(number))
    assert list(remembered) == ["4000", "4001", "4002"]
