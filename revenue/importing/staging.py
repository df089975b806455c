"""The rows of one file beside the books, in two temporary tables of the caller's transaction.

What 100 000 rows mean is found, weighed and written by PostgreSQL; this process holds one row at a time.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from config import db
from orgs.importing.options import Options
from orgs.importing.plan import CHANGED, NEW, UNCHANGED, Plan, RowPlan
from revenue.importing import sql
from revenue.importing.lines import Version
from revenue.importing.rows import Draft

GIVEN = (
    "line",
    "external_org_id",
    "subscription_id",
    "product_code",
    "name",
    "mrr",
    "currency",
    "start_on",
    "end_on",
    "keeps_end",
    "trial_end_on",
    "keeps_trial_end",
    "amount",
    "interval",
    "interval_count",
    "currency_was_empty",
)
PLAN_SETTINGS = {"work_mem": "64MB", "enable_nestloop": "off"}
EVERYTHING = 2**31 - 1


class StagedPlan(Plan):
    """A plan whose rows stand in `subscription_planned` until the transaction ends; their counts are kept here."""

    @property
    def counts(self) -> dict[str, int]:
        return {**dict.fromkeys((NEW, CHANGED, UNCHANGED), 0), **self.kinds, "refused": len(self.refused_lines)}

    def close(self) -> None:
        """Keep what outlives the transaction: counts, samples and the fingerprint of the rows."""
        self.kinds: dict[str, int] = dict(db.rows(sql.COUNTS))
        self.marks = [str(value) for value in db.rows(sql.FINGERPRINT)[0]]
        self.examples = {kind: list(planned_rows([kind], 100)) for kind in (CHANGED, NEW)}

    def told(self) -> Iterable[bytes]:
        yield from (mark.encode() for mark in self.marks)

    def first(self, kind: str) -> list[RowPlan]:
        return self.examples[kind]

    def each_row(self) -> Iterator[RowPlan]:
        return planned_rows([NEW, CHANGED, UNCHANGED], EVERYTHING)


@contextmanager
def set_wise() -> Iterator[None]:
    """For statements over whole tables: room to sort, and no plan that a table without statistics makes quadratic."""
    before = {name: db.rows("SELECT current_setting(%(name)s)", {"name": name})[0][0] for name in PLAN_SETTINGS}
    for name, value in PLAN_SETTINGS.items():
        set_locally(name, value)
    yield
    for name, value in before.items():
        set_locally(name, value)


def set_locally(name: str, value: str) -> None:
    db.run("SELECT set_config(%(name)s, %(value)s, true)", {"name": name, "value": value})


def stage(drafts: Iterable[Draft]) -> None:
    """The readable rows of a file, straight from the reader into `subscription_given`."""
    db.run(sql.DROP)
    db.run(sql.CREATE_GIVEN)
    db.copy_into("subscription_given", GIVEN, (record_of(draft) for draft in drafts))
    db.run(sql.ANALYZE_GIVEN)


def record_of(draft: Draft) -> tuple:
    """In the order of GIVEN."""
    row, cells, cleared = draft.row, draft.cells, draft.cleared
    return (
        draft.line,
        draft.external_id,
        draft.subscription_id,
        row.product_code,
        cells.get("name"),
        draft.mrr,
        row.currency,
        row.start_on,
        row.end_on,
        "end_at" not in cells and "end_at" not in cleared,
        row.trial_end_on,
        "trial_end_at" not in cells and "trial_end_at" not in cleared,
        row.amount,
        row.interval if row.amount is not None else "",
        row.interval_count,
        draft.currency_was_empty,
    )


def unknown_ids() -> set[str]:
    return {external_id for (external_id,) in db.rows(sql.UNKNOWN_IDS)}


def seen_ids() -> dict[str, int]:
    """Ids that only events named so far, with the line of the file where each stands first."""
    return dict(db.rows(sql.SEEN_IDS))


def lines_of(external_ids: Iterable[str]) -> list[tuple[str, int]]:
    """(id, line) of every staged row under one of these ids."""
    return db.rows(sql.LINES_OF_IDS, {"ids": list(external_ids)})


def compare(options: Options) -> None:
    """Put every row of a known organization (or of one to be created) beside the version that stands now."""
    choices = {"create_missing": options.create_missing, "known_on": options.known_on}
    db.run(sql.COMPARE, choices)


def planned_rows(kinds: list[str], most: int) -> Iterator[RowPlan]:
    """Rows of these kinds in the order of the file."""
    for line, kind, old_id, external_id, subscription_id, *values in db.rows(
        sql.SAMPLES, {"kinds": kinds, "most": most}
    ):
        new, old = values[:10], values[10:]
        label = f"{external_id} · {subscription_id or new[0]}"
        stood = Version(tuple(old)) if old_id is not None else None
        yield RowPlan(line, kind, label, old_id, stood, Version((external_id, *new)))
