"""What one number of a month was counted from: movements of one kind, or the balances of its close."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from revenue import answers, books
from revenue.answers.history import Change
from revenue.answers.today import Share
from revenue.charts import TITLES as KIND_TITLES
from revenue.mrr.calendar import add_months
from revenue.mrr.movements import CHURN, CONTRACTION, KINDS

END = "end"
MOVED = "moved"
PARTS = (MOVED, *KINDS, END)
TITLES = {MOVED: "All movements", **KIND_TITLES, END: "MRR at the close"}
LOSSES = {CONTRACTION, CHURN}


@dataclass(frozen=True, slots=True)
class Listed:
    """`items`: `Share`s for the close, else `Change`s; `total` is the number they were listed for, losses below 0."""

    month: date
    close: date
    part: str
    title: str
    currency: str
    items: tuple[Change, ...] | tuple[Share, ...]
    total: Decimal

    @property
    def is_close(self) -> bool:
        return self.part == END

    @property
    def previous_month(self) -> date:
        return add_months(self.month, -1)


def listed(month: date, part: str, today: date) -> Listed:
    """The rows behind `part` (one of `PARTS`, else all movements) of a month up to `today`."""
    terms = books.read_terms()
    close = min(add_months(month, 1) - timedelta(days=1), today)
    part = part if part in PARTS else MOVED
    if part == END:
        shares = tuple(answers.balances(close, today, terms))
        return Listed(month, close, part, TITLES[part], terms.currency, shares, sum_of(share.mrr for share in shares))
    moved = answers.changes_of_month(today, month, terms).items
    changes = tuple(change for change in moved if part in (MOVED, change.kind))
    total = sum_of(signed(change) for change in changes)
    return Listed(month, close, part, TITLES[part], terms.currency, changes, total)


def signed(change: Change) -> Decimal:
    """Gains above 0, losses below, at the opening rates."""
    return -change.amount if change.kind in LOSSES else change.amount


def sum_of(amounts) -> Decimal:
    return sum(amounts, Decimal("0.0000"))
