"""What every install can answer at once, when its product sends `account_created`, `project_created` and `purchase`."""

from dataclasses import dataclass, replace

from tracker.insights.description import (
    Description,
    Display,
    Filter,
    Interval,
    Kind,
    Math,
    Of,
    Operator,
    Property,
    Range,
    Series,
)
from tracker.insights.ranges import ALL

ACCOUNTS, PROJECTS, PURCHASES = "account_created", "project_created", "purchase"
VALUE = Property("purchase_value")
EVER = Range(ALL)
YEAR = Range("-11mStart")
TIERS = ((None, 50), (50, 200), (200, None))


@dataclass(frozen=True)
class Question:
    """A named insight; `key` stays the same when the title changes."""

    key: str
    title: str
    description: Description


def series(event: str, math: Math, asked: Property | None = None, *filters: Filter, label: str = "") -> Series:
    return Series(Kind.EVENT, event, math, asked, filters, label)


def number(*counted: Series, formula: str = "") -> Description:
    """One number over all time."""
    return Description(counted, formula, range=EVER, display=Display.NUMBER)


def monthly(description: Description) -> Description:
    """The same month by month, over a year."""
    return replace(description, interval=Interval.MONTH, range=YEAR, display=Display.BAR)


def tier(least: float | None, below: float | None) -> Series:
    """Organizations with a purchase of a value in [least, below)."""
    bounds = [(Operator.GTE, least), (Operator.LT, below)]
    filters = [Filter(VALUE, operator, (limit,)) for operator, limit in bounds if limit is not None]
    label = f"below {below}" if least is None else f"{least} and more" if below is None else f"{least} to {below}"
    return series(PURCHASES, Math.UNIQUE_ORGANIZATIONS, None, *filters, label=label)


ORGANIZATIONS = series(ACCOUNTS, Math.UNIQUE_ORGANIZATIONS)
USERS = series(ACCOUNTS, Math.TOTAL)
FIRST_USERS = series(
    ACCOUNTS, Math.UNIQUE_ORGANIZATIONS, None, Filter(Property("is_first_user"), Operator.EXACT, ("true",))
)
CREATED = series(PROJECTS, Math.TOTAL)
CREATORS = series(PROJECTS, Math.UNIQUE_ORGANIZATIONS)
REVENUE = series(PURCHASES, Math.SUM, VALUE)
BUYERS = series(PURCHASES, Math.UNIQUE_ORGANIZATIONS)
ANYBODY = Series(Kind.ANY, "", Math.UNIQUE_ORGANIZATIONS)

QUESTIONS = (
    Question("organizations", "How many organizations?", number(ORGANIZATIONS)),
    Question("new_organizations", "New organizations a month", monthly(number(FIRST_USERS))),
    Question("users", "How many users?", number(USERS)),
    Question("users_per_organization", "Users per organization", number(USERS, ORGANIZATIONS, formula="A/B")),
    Question("projects", "Projects created", number(CREATED)),
    Question("projects_by_month", "Projects created a month", monthly(number(CREATED, CREATORS))),
    Question(
        "projects_per_creator", "Projects per organization that creates", number(CREATED, CREATORS, formula="A/B")
    ),
    Question("projects_per_organization", "Projects per organization", number(CREATED, ORGANIZATIONS, formula="A/B")),
    Question(
        "most_projects", "Most projects of one organization", number(series(PROJECTS, Math.MAX, Property("new_total")))
    ),
    Question(
        "revenue_by_plan",
        "Revenue from purchases by plan",
        replace(number(REVENUE), breakdown=Property("plan", Of.FIELD), display=Display.PIE),
    ),
    Question("revenue_per_organization", "Revenue per organization", number(REVENUE, BUYERS, formula="A/B")),
    Question(
        "revenue_per_organization_by_month",
        "Revenue per organization a month",
        monthly(number(REVENUE, BUYERS, formula="A/B")),
    ),
    Question("average_purchase", "Average purchase", number(series(PURCHASES, Math.AVG, VALUE))),
    Question(
        "organizations_by_plan",
        "Organizations by plan",
        replace(number(ANYBODY), breakdown=Property("plan", Of.ORGANIZATION), display=Display.PIE),
    ),
    Question(
        "organizations_by_purchase",
        "Organizations by value of purchase",
        replace(number(*(tier(*bounds) for bounds in TIERS)), display=Display.BAR),
    ),
)
