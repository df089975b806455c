"""One function for every revenue number people see; frozen answers, money in the reporting currency.

`today`: how it stands on a day. `ahead`: what the books say will happen. `history`: months and movements.
"""

from revenue.answers.ahead import contract_ends, renewals, scheduled
from revenue.answers.history import (
    changes_between,
    changes_of_month,
    days_of_month,
    ledger_of,
    ledger_of_all,
    months,
    movements_of,
    trend_of,
)
from revenue.answers.today import (
    by_product,
    concentration,
    headline,
    organization_mrr,
    products,
    subscriptions_of,
    unconverted,
)

__all__ = [
    "by_product",
    "changes_between",
    "changes_of_month",
    "concentration",
    "contract_ends",
    "days_of_month",
    "headline",
    "ledger_of",
    "ledger_of_all",
    "months",
    "movements_of",
    "organization_mrr",
    "products",
    "renewals",
    "scheduled",
    "subscriptions_of",
    "trend_of",
    "unconverted",
]
