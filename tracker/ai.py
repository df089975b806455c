"""AI calls and what became of their outputs, with their cost in the currencies they were priced in.

Production only; ranges are whole days of the reporting zone, [since, until).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from config import db
from config.backoffice import settings
from tracker.sql import ai as sql

NAMES = ("ai_call_completed", "ai_call_failed", "ai_output_accepted", "ai_output_edited", "ai_output_rejected")
# A cost or a number of tokens: not negative, and short enough for the database.
NUMBER = r"^ *[+]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})? *$"


class By(StrEnum):
    """What cost is divided by. PRICE: provider and model, as JSON."""

    ORGANIZATION = "organization"
    FEATURE = "feature"
    MODEL = "model"
    PROVIDER = "provider"
    PLAN = "plan"
    DAY = "day"
    PRICE = "price"


@dataclass(frozen=True)
class AiUsage:
    """Calls and outputs of one value (`part`; None: the events do not say) in one currency.

    Without a currency there is no cost: outputs, and calls that neither bring their cost nor have a price.
    """

    part: str | None
    currency: str | None
    cost: Decimal
    calls: int
    failed: int
    accepted: int
    edited: int
    rejected: int


def usage(
    by: By, since: date, until: date, organization_id: int | None = None, cohort_id: int | None = None
) -> list[AiUsage]:
    """One statement over the raw events of the range; of one organization or a cohort where one is given."""
    zone = settings.zone()
    params = {
        "by": by.value,
        "names": list(NAMES),
        "number_pattern": NUMBER,
        "zone": zone.key,
        "since": settings.day_start(since, zone),
        "until": settings.day_start(until, zone),
        "organization_id": organization_id,
        "cohort": cohort_id,
    }
    return [AiUsage(*row) for row in db.rows(sql.AI_USAGE, params)]
