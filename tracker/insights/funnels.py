"""Funnels: how many organizations or users did one thing after the other, other events between them allowed.

Every first step may open an attempt; the furthest attempt counts. Of two attempts that reached a step, the one that was
opened last has the longer time left, so that it is enough to carry the latest opening forward from step to step.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql

from tracker.insights import answering, conditions, raw, running, spans, wording
from tracker.insights.asking import Asked
from tracker.insights.description import Series
from tracker.insights.expressions import Writer
from tracker.insights.reading import BadDescription
from tracker.insights.spans import Span

WINDOW = timedelta(days=14)
LONGEST_WINDOW = timedelta(days=365)
FEWEST, MOST = 2, 8
ENTITIES = {"organization": "key.organization_id", "user": "event.user_hash"}


@dataclass(frozen=True)
class Step:
    """`count` reached this step; shares are of those that reached the first, and the one before; None: of nobody."""

    label: str
    count: int
    of_first: float | None
    of_previous: float | None


@dataclass(frozen=True)
class Funnel:
    steps: tuple[Step, ...]


def answer(
    steps: tuple[Series, ...],
    span: Span,
    now: datetime,
    *,
    by: str = "organization",
    window: timedelta = WINDOW,
    query_id: str = "",
) -> Funnel:
    """First steps lie in the range, later ones within `window` of them, also behind the range.

    Raises BadDescription, running.TooSlow, running.Cancelled.
    """
    if not FEWEST <= len(steps) <= MOST:
        raise wrong_number()
    if not isinstance(by, str) or by not in ENTITIES:
        raise BadDescription("by", f"Use one of {', '.join(ENTITIES)}.")
    if not timedelta(0) < window <= LONGEST_WINDOW:
        raise BadDescription("window_days", f"The window is at least one day and at most {LONGEST_WINDOW.days}.")
    asked = spans.ask(span, now, steps)

    def compute(run: running.Run) -> Funnel:
        writer = Writer(asked.calendar, asked.today, asked.folding)
        [counts] = run.rows(statement(steps, asked, writer, by, window), writer.params)
        return Funnel(tuple(_step(each, place, counts) for place, each in enumerate(steps)))

    return answering.answer(asked, Funnel, compute, own=[by, str(window)], query_id=query_id)


def wrong_number() -> BadDescription:
    return BadDescription("steps", f"A funnel has {FEWEST} to {MOST} steps.")


def _step(series: Series, place: int, counts: tuple[int, ...]) -> Step:
    before = counts[place - 1] if place else counts[0]
    return Step(
        series.label or f"{wording.target(series)}{wording.where(series)}",
        counts[place],
        counts[place] / counts[0] if counts[0] else None,
        counts[place] / before if before else None,
    )


def statement(steps: tuple[Series, ...], asked: Asked, writer: Writer, by: str, window: timedelta) -> sql.Composable:
    """One row: how many reached each step."""
    is_step = [
        conditions.joined([raw.target(each, writer), *(conditions.condition(one, writer) for one in each.filters)])
        for each in steps
    ]
    entity = sql.SQL(ENTITIES[by])
    chosen = [
        *raw.scope(asked, writer),
        sql.SQL("event.occurred_at >= {}").format(writer.bind(asked.since, "timestamptz")),
        sql.SQL("event.occurred_at < {}").format(writer.bind(asked.until + window, "timestamptz")),
        conditions.joined(is_step, any_of=True),
        sql.SQL("{} IS NOT NULL").format(entity),
        conditions.group(asked.description.filters, writer),
    ]
    matched = sql.SQL(
        "SELECT {entity} AS entity, event.occurred_at AS at, event.id, {steps} FROM {events} WHERE {chosen}"
    )
    walked = sql.SQL("matched AS ({})").format(
        matched.format(
            entity=entity,
            steps=sql.SQL(", ").join(
                sql.SQL("{} AS {}").format(each, _name("is", n)) for n, each in enumerate(is_step)
            ),
            events=raw.events(writer),
            chosen=sql.SQL(" AND ").join(chosen),
        )
    )
    reached = [walked, _opened(asked, writer)] + [_reached(place, window, writer) for place in range(1, len(steps))]
    counts = [
        sql.SQL("count(DISTINCT entity) FILTER (WHERE {} IS NOT NULL)").format(_name("opened", place))
        for place in range(len(steps))
    ]
    return sql.SQL("WITH {} SELECT {} FROM {}").format(
        sql.SQL(", ").join(reached), sql.SQL(", ").join(counts), _name("step", len(steps) - 1)
    )


def _opened(asked: Asked, writer: Writer) -> sql.Composable:
    return sql.SQL("step_0 AS (SELECT *, CASE WHEN is_0 AND at < {} THEN at END AS opened_0 FROM matched)").format(
        writer.bind(asked.until, "timestamptz")
    )


def _reached(place: int, window: timedelta, writer: Writer) -> sql.Composable:
    """The latest opening among the attempts that reached the step before and may go on with this event."""
    return sql.SQL(
        "{step} AS (SELECT *, CASE WHEN {is_step} AND at < {latest} + {window} THEN {latest} END AS {opened} FROM ("
        "SELECT *, max({before}) OVER (PARTITION BY entity ORDER BY at, id "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS {latest} FROM {step_before}) AS walked)"
    ).format(
        step=_name("step", place),
        step_before=_name("step", place - 1),
        is_step=_name("is", place),
        opened=_name("opened", place),
        before=_name("opened", place - 1),
        latest=_name("latest", place),
        window=writer.bind(window, "interval"),
    )


def _name(kind: str, place: int) -> sql.Identifier:
    return sql.Identifier(f"{kind}_{place}")
