"""Marks of what figures are computed from: equal marks, equal figures."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import date

from config import db
from revenue import sql
from revenue.books import Terms

VERSION = 3  # of the rules and of the stored form: another one has everything computed anew


@dataclass(frozen=True, slots=True)
class Marks:
    """`basis`: of what counts for everybody: the day, rates, settings, this version. `fingerprint`: of all."""

    basis: str
    fingerprint: str


def read(as_of: date, terms: Terms) -> Marks:
    """Of the books as they are."""
    [(lines, rates, names)] = db.rows(sql.FINGERPRINT, {"reporting": terms.currency})
    basis = digest(VERSION, as_of, sorted(asdict(terms.settings).items()), rates)
    return Marks(basis, digest(basis, lines, names))


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def touched() -> dict[int, str | None]:
    """Organizations whose lines are not the ones that were counted, with the mark of their lines; None: it has none."""
    return dict(db.rows(sql.TOUCHED))
