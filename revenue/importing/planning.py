"""What a subscriptions file would do to the books."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

from config import db
from config.backoffice.formatting import plural
from orgs.importing import cells, hints, progress
from orgs.importing.lookalikes import find_lookalikes
from orgs.importing.options import Options
from orgs.importing.plan import Plan, begin
from orgs.importing.reading import Sheet, SourceRow
from orgs.keys import known_ids
from orgs.models import Organization
from revenue.importing import money, sql, staging
from revenue.importing.rows import COLUMNS, ID, Draft, manner_of, read_row
from revenue.importing.staging import StagedPlan
from revenue.mrr.book import Row
from revenue.mrr.file_checks import self_overlaps

MOST_LISTED = 50
# Of several reasons the one of the first column is told first.
PLACES = {name: place for place, name in enumerate(COLUMNS.known)}
REMEDY = "Import organizations first, or tick “create missing organizations”."


def plan_subscriptions(sheet: Sheet, options: Options, lock: bool = False) -> Plan:
    """Compare a sheet with the books, in the caller's transaction.

    Reads only: imports alone write subscriptions, and they wait for each other.
    """
    plan = begin(sheet, StagedPlan)
    left_out: list[SourceRow] = []
    staging.stage(read_drafts(sheet, options, plan, left_out))
    progress.step("Comparing with the books")
    with staging.set_wise():
        judge_unknown(plan, left_out, options)
        warn_of_seen(plan)
        staging.compare(options)
        refuse_impossible(plan, options)
        notice_empty_cells(plan, options)
        end_missing(plan, options)
        db.run(sql.ANALYZE_PLANNED)
        db.run(sql.CREATE_AFTER)
        progress.step("Adding up MRR before and after")
        ask_about_money(plan, options)
        warn_of_overlaps(plan)
        propose_inclusive(plan, options)
        plan.close()
    plan.refused.sort(key=lambda remark: (remark.line, PLACES.get(remark.column, 0)))
    return plan


def read_drafts(sheet: Sheet, options: Options, plan: Plan, left_out: list[SourceRow]) -> Iterator[Draft]:
    """The readable rows; refused ones are noted in the plan and kept in `left_out`."""
    manner = manner_of(options, sheet.delimiter)
    for row in progress.over(sheet.rows, "Reading rows"):
        draft = read_row(row, manner, plan)
        if draft is None:
            left_out.append(row)
        else:
            yield draft


def judge_unknown(plan: Plan, left_out: list[SourceRow], options: Options) -> None:
    """Ids that the install does not know: refused, or named once each when their organizations are to be created."""
    refused_for_else = ids_of(left_out)
    unknown = staging.unknown_ids()
    if not options.create_missing:
        others = {external_id for external_id, _ in refused_for_else}
        unknown |= others - known_ids(others)
    plan.facts["unknown_count"] = len(unknown)
    plan.facts["unknown"] = sorted(unknown)[:MOST_LISTED]
    plan.facts["creates_organizations"] = len(unknown) if options.create_missing else 0
    if not unknown:
        return
    lookalikes = find_lookalikes(unknown, guess=True)
    plan.facts["did_you_mean"] = len(lookalikes)
    lines = staging.lines_of(unknown)
    if options.create_missing:
        warn_of_odd_ids(lines, lookalikes, plan)
        return
    for external_id, line in [*lines, *(each for each in refused_for_else if each[0] in unknown)]:
        hint = did_you_mean(lookalikes.get(external_id))
        plan.refuse(line, ID, external_id, f"is not known to this install. {REMEDY}{hint}")


def warn_of_seen(plan: Plan) -> None:
    """Ids known from events alone that an imported customer may have under another spelling."""
    seen = staging.seen_ids()
    lookalikes = find_lookalikes(seen, guess=True, among_imported=True)
    plan.facts["did_you_mean"] = plan.facts.get("did_you_mean", 0) + len(lookalikes)
    for external_id, other in lookalikes.items():
        reason = f"is known from events alone. Did you mean “{other}”? Join the two on the ID reconciliation page."
        plan.warn(seen[external_id], ID, external_id, reason)


def ids_of(rows: list[SourceRow]) -> list[tuple[str, int]]:
    """(usable id, line) of rows that are refused for something else."""
    found = []
    for row in rows:
        with suppress(cells.BadCell):
            found.append((cells.external_id(row.cells[ID]), row.line))
    return found


def did_you_mean(other: str | None) -> str:
    return f" Did you mean “{other}”? Correct it, or join the two on the ID reconciliation page." if other else ""


def warn_of_odd_ids(lines: list[tuple[str, int]], lookalikes: dict[str, str], plan: Plan) -> None:
    """Said once an id that would be created."""
    first: dict[str, int] = {}
    for external_id, line in lines:
        first.setdefault(external_id, line)
    for external_id, line in first.items():
        if other := lookalikes.get(external_id):
            plan.warn(line, ID, external_id, f"would be a new organization. Did you mean “{other}”?")
        if odd := hints.hint(external_id):
            plan.warn(line, ID, external_id, odd)


def refuse_impossible(plan: Plan, options: Options) -> None:
    """Rows that mean the same line, that would end before they start or rewrite what was known later."""
    known_on = options.known_on
    for line, subscription_id, start, twin, end, old_known_from in db.rows(sql.NOT_POSSIBLE, {"known_on": known_on}):
        if twin is not None:
            refuse_twin(plan, line, subscription_id, start, twin)
        elif end is not None and end < start:
            reason = f"is empty, so the stored end {end} stays; it lies before the start. Give a new end, or none."
            plan.refuse(line, "end_at", "", reason)
        else:
            reason = f"changes a row known since {old_known_from}; it cannot have been known on {known_on} already."
            plan.refuse(line, "start_at", str(start), reason)
    db.run(sql.DELETE_NOT_POSSIBLE, {"known_on": known_on})


def refuse_twin(plan: Plan, line: int, subscription_id: str, start: date, twin: int) -> None:
    if subscription_id:
        plan.refuse(line, "subscription_id", subscription_id, f"stands in line {twin} as well. Keep one of the rows.")
    else:
        reason = (
            f"has the same organization, product and start as line {twin}. Keep one, or give each a subscription_id."
        )
        plan.refuse(line, "start_at", str(start), reason)


def notice_empty_cells(plan: Plan, options: Options) -> None:
    """Empty currencies are the reporting one, empty ends keep the stored one; both are said."""
    empty, kept = db.rows(sql.NOTICED)[0]
    plan.facts["empty_currency"] = empty
    if kept:
        rows = "row keeps its" if kept == 1 else "rows keep their"
        plan.notices.append(f"{kept} {rows} stored end, as end_at is empty; write “none” there to remove an end.")
    if empty:
        plan.notices.append(f"{plural(empty, 'row')} without a currency count in {options.reporting_currency}.")


def end_missing(plan: Plan, options: Options) -> None:
    """“This file is complete”: what it does not name ends today. A file with refused rows is not complete."""
    if not options.is_complete:
        return
    if plan.refused:
        plan.notices.append("Nothing ends: rows were refused, so the file cannot be taken as complete.")
        return
    count = db.run(sql.END_MISSING, {"known_on": options.known_on})
    plan.facts["ended"] = count
    plan.notices.append(f"The file is complete: {count} subscriptions that are not in it end on {options.known_on}.")


def ask_about_money(plan: Plan, options: Options) -> None:
    """MRR before and after today, lost organizations, currencies."""
    converter = money.read_converter(options.reporting_currency)
    asked = {"reporting": options.reporting_currency, "day": options.today}
    before = money.balance(db.rows(sql.MONEY_BEFORE, asked), options.today, converter)
    after = money.balance(db.rows(sql.MONEY_AFTER, asked), options.today, converter)
    lost = money.losing(before, after)
    listed = list(lost)[:MOST_LISTED]
    names = {str(each.pk): str(each) for each in Organization.objects.filter(id__in=listed)}
    plan.facts |= {
        "currency": options.reporting_currency,
        "mrr_before": str(before.total),
        "mrr_after": str(after.total),
        "losing_count": len(lost),
        "losing": [[names[owner], str(lost[owner])] for owner in listed],
        "currencies": dict(db.rows(sql.CURRENCIES)),
        "unconverted": after.unconverted,
    }
    if after.unconverted:
        codes = ", ".join(sorted(after.unconverted))
        plan.notices.append(f"No exchange rate for {codes}: these rows are left out of the totals above.")


def warn_of_overlaps(plan: Plan) -> None:
    """Rows of one organization and product that count on a common day, named at the later one in the file."""
    found = [
        Row(owner, line, product, currency, start_on=begins, end_on=end, mrr=mrr)
        for owner, line, product, currency, begins, end, mrr in db.rows(sql.OVERLAPPING)
    ]
    overlaps = [pair for pair in self_overlaps(found) if pair[0].line or pair[1].line]
    for earlier, later in overlaps:
        row = later if later.line else earlier
        reason = "overlaps another subscription of the same organization and product; both are added up."
        plan.warn(row.line, "product_code", row.product_code, reason)
    plan.facts["overlaps"] = len(overlaps)


def propose_inclusive(plan: Plan, options: Options) -> None:
    """More rows end the day before the next one starts than on that day: the ends are last days (R3)."""
    if options.end_convention != "exclusive":
        return
    apart, touching, example = db.rows(sql.END_HINT)[0]
    if apart > touching:
        follows = example + timedelta(days=1)
        plan.notices.append(
            f"{plural(apart, 'row')} {'ends' if apart == 1 else 'end'} the day before the next one starts "
            f"(“ends {example}, next starts {follows}”): "
            "the file probably names the last day with revenue. Then choose the end convention “inclusive”."
        )
