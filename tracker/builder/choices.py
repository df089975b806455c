"""The words of the builder's menus."""

from tracker.insights.description import Current, Field, Interval, Kind, Math, Of, Operator
from tracker.models import SavedInsight

KINDS = {
    Kind.EVENT: "Event",
    Kind.ANY: "Any event",
    Kind.FEATURE: "Feature",
    Kind.PAGE: "Page",
}
COUNTED = {
    Math.TOTAL: "Total count",
    Math.UNIQUE_ORGANIZATIONS: "Unique organizations",
    Math.UNIQUE_USERS: "Unique users",
    Math.UNIQUE_SESSIONS: "Unique sessions",
    Math.FIRST_TIME: "First time for an organization",
}
PER_ORGANIZATION = {
    Math.AVG_PER_ORGANIZATION: "Average per organization",
    Math.MEDIAN_PER_ORGANIZATION: "Median per organization",
    Math.MAX_PER_ORGANIZATION: "Most of one organization",
}
OF_A_PROPERTY = {
    Math.SUM: "Sum of",
    Math.AVG: "Average of",
    Math.MIN: "Smallest",
    Math.MAX: "Largest",
    Math.MEDIAN: "Median of",
    Math.P90: "90th percentile of",
    Math.P95: "95th percentile of",
    Math.P99: "99th percentile of",
    Math.UNIQUE_VALUES: "Different values of",
}
MATHS = [("Count", COUNTED), ("Events per organization", PER_ORGANIZATION), ("Of a property", OF_A_PROPERTY)]
OPERATORS = {
    Operator.EXACT: "is one of",
    Operator.IS_NOT: "is none of",
    Operator.ICONTAINS: "contains",
    Operator.NOT_ICONTAINS: "does not contain",
    Operator.GT: "is more than",
    Operator.GTE: "is at least",
    Operator.LT: "is less than",
    Operator.LTE: "is at most",
    Operator.IS_SET: "is set",
    Operator.IS_NOT_SET: "is not set",
    Operator.IS_DATE_BEFORE: "is a day before",
    Operator.IS_DATE_AFTER: "is a day after",
    Operator.REGEX: "matches the pattern",
    Operator.NOT_REGEX: "does not match the pattern",
    Operator.IN_COHORT: "organization is in cohort",
    Operator.NOT_IN_COHORT: "organization is not in cohort",
}
OWNERS = {
    Of.EVENT: "Event property",
    Of.ORGANIZATION: "Organization, current",
    Of.FIELD: "At event time",
}
BREAKDOWNS = {**OWNERS, Of.COHORT: "In a cohort or not"}
FIELDS = [str(each) for each in Field]
CURRENT = [str(each) for each in Current]
INTERVALS = {
    Interval.HOUR: "By hour",
    Interval.DAY: "By day",
    Interval.WEEK: "By week",
    Interval.MONTH: "By month",
    "": "Whole range only",
}
DISPLAYS = dict(SavedInsight.Display.choices)
