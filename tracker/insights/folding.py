"""Pages in questions: paths with their ids folded by the same rules as on the Pages page, whenever those were made.

Paths are folded once each, taken from the daily rows: every path of a counted event stands there.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from tracker import paths
from tracker.insights.description import Description, Field, Kind, Math, Of, Property

PAGE = Property(Field.PATH, Of.FIELD)
ADDRESS = Property(Field.ADDRESS, Of.FIELD)
# The daily rows may be of another zone than the question.
AROUND = timedelta(days=1)
# One row a path that came in or after the month of a day, with its page; rules as in tracker.sql.paths. Served by
# one_mask_a_path_and_month.
PAGES = """LEFT JOIN (
    SELECT plain.application_id, plain.path, COALESCE((
        SELECT rule.page FROM unnest({applications}, {patterns}, {pages})
            WITH ORDINALITY AS rule (application_id, pattern, page, position)
        WHERE rule.application_id = plain.application_id AND plain.page ~ rule.pattern
        ORDER BY rule.position LIMIT 1
    ), plain.page) AS page
    FROM (SELECT DISTINCT application_id, path, page FROM tracker_pathmonth WHERE month >= {month}) AS plain
) AS page ON page.application_id = {facts}.application_id AND page.path = split_part({facts}.path, '?', 1)"""


@dataclass(frozen=True)
class Folding:
    """The rules of all applications side by side, and the first month whose paths are needed."""

    month: date
    applications: tuple[int, ...]
    patterns: tuple[str, ...]
    pages: tuple[str, ...]


def folding(description: Description, since: date) -> Folding | None:
    """What folds the paths of a question from that day on; None when it asks for no page."""
    if not is_about_pages(description):
        return None
    looks_back = any(each.math == Math.FIRST_TIME for each in description.series)
    given = paths.folding()
    return Folding(
        date.min if looks_back else (since - AROUND).replace(day=1),
        *(tuple(given[name]) for name in ("applications", "patterns", "pages")),
    )


def is_about_pages(description: Description) -> bool:
    named = [description.breakdown, *(each.property for each in (*description.series, *description.all_filters()))]
    return PAGE in named or any(each.kind == Kind.PAGE for each in description.series)
