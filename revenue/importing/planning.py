"""What each row of a subscriptions file would do to the books."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from config.backoffice.formatting import plural
from orgs.importing import cells, progress
from orgs.importing.hints import hint
from orgs.importing.kinds import in_chunks
from orgs.importing.lookalikes import find_lookalikes
from orgs.importing.options import Options
from orgs.importing.plan import CHANGED, NEW, UNCHANGED, Plan, RowPlan, begin
from orgs.importing.reading import Sheet
from orgs.models import Organization, OrganizationKey
from revenue.importing import money
from revenue.importing.lines import Line, read_known_now
from revenue.importing.rows import ID, Draft, kept_day, kept_text, manner_of, read_row
from revenue.mrr.book import Row
from revenue.mrr.file_checks import end_hint, self_overlaps

MOST_LISTED = 50


def plan_subscriptions(sheet: Sheet, options: Options, lock: bool = False) -> Plan:
    """Compare a sheet with the books. Reads only: imports alone write subscriptions, and they wait for each other."""
    plan = begin(sheet)
    manner = manner_of(options, sheet.delimiter)
    drafts = [draft for row in progress.over(sheet.rows, "Reading rows") if (draft := read_row(row, manner, plan))]
    named = named_ids(sheet)
    keys = read_keys(named)
    unknown = sorted(named - set(keys))
    if options.create_missing:
        warn_of_odd_ids(drafts, set(unknown), plan)
    else:
        drafts = refuse_unknown(sheet, drafts, set(unknown), plan)
    books = list(read_known_now())
    current = {line.identity: line for line in books}
    drafts = refuse_duplicates(drafts, plan)
    notice_kept_ends(drafts, current, plan)
    notice_empty_currencies(drafts, options, plan)
    lines = [(draft.line, new_line(draft, keys, current, options)) for draft in drafts]
    drafts.clear()
    compared = progress.over(lines, "Comparing rows")
    plan.rows = [row for number, line in compared if (row := plan_row(number, line, current, options, plan))]
    lines.clear()
    progress.step("Adding up MRR before and after")
    end_missing(plan, books, sheet, options)
    ask_about_money(plan, books, options, unknown)
    look_at_the_whole(plan, books, options)
    plan.refused.sort(key=lambda remark: remark.line)
    return plan


def read_keys(external_ids: set[str]) -> dict[str, tuple[int, int]]:
    """Key and organization of every known id."""
    keys = {}
    for chunk in in_chunks(external_ids):
        found = OrganizationKey.objects.filter(external_id__in=chunk)
        for external_id, pk, organization_id in found.values_list("external_id", "id", "organization_id"):
            keys[external_id] = (pk, organization_id)
    return keys


def named_ids(sheet: Sheet) -> set[str]:
    """Every usable id in the file, also of rows that are refused for something else."""
    found = set()
    for text in {row.cells[ID] for row in sheet.rows}:
        with suppress(cells.BadCell):
            found.add(cells.external_id(text))
    return found


def refuse_unknown(sheet: Sheet, drafts: list[Draft], missing: set[str], plan: Plan) -> list[Draft]:
    """Rows of ids that are not known; said of rows refused for something else as well."""
    if not missing:
        return drafts
    lookalikes = find_lookalikes(missing, guess=True)
    remedy = "Import organizations first, or tick “create missing organizations”."
    for row in sheet.rows:
        external_id = row.cells[ID].strip()
        if external_id in missing:
            other = lookalikes.get(external_id)
            hint = (
                f" Did you mean “{other}”? Correct it, or join the two on the ID reconciliation page." if other else ""
            )
            plan.refuse(row.line, ID, external_id, f"is not known to this install. {remedy}{hint}")
    return [draft for draft in drafts if draft.external_id not in missing]


def warn_of_odd_ids(drafts: list[Draft], missing: set[str], plan: Plan) -> None:
    """Said once an id that would be created."""
    lookalikes = find_lookalikes(missing, guess=True)
    for draft in drafts:
        if draft.external_id in missing:
            missing.discard(draft.external_id)
            if other := lookalikes.get(draft.external_id):
                reason = f"would be a new organization. Did you mean “{other}”?"
                plan.warn(draft.line, ID, draft.external_id, reason)
            if odd := hint(draft.external_id):
                plan.warn(draft.line, ID, draft.external_id, odd)


def identity(draft: Draft) -> tuple:
    if draft.subscription_id:
        return (draft.subscription_id,)
    return (draft.external_id, draft.row.product_code, draft.row.start_on)


def refuse_duplicates(drafts: list[Draft], plan: Plan) -> list[Draft]:
    """Rows of one identity refuse each other: nobody can know which one is meant."""
    lines = defaultdict(list)
    for draft in drafts:
        lines[identity(draft)].append(draft.line)
    for draft in drafts:
        others = [line for line in lines[identity(draft)] if line != draft.line]
        if others:
            refuse_duplicate(draft, others[0], plan)
    return [draft for draft in drafts if len(lines[identity(draft)]) == 1]


def refuse_duplicate(draft: Draft, other: int, plan: Plan) -> None:
    if draft.subscription_id:
        reason = f"stands in line {other} as well. Keep one of the rows."
        plan.refuse(draft.line, "subscription_id", draft.subscription_id, reason)
    else:
        reason = (
            f"has the same organization, product and start as line {other}. Keep one, or give each a subscription_id."
        )
        plan.refuse(draft.line, "start_at", str(draft.row.start_on), reason)


def new_line(draft: Draft, keys: dict, current: dict[tuple, Line], options: Options) -> Line:
    """The line as it would stand; an empty cell keeps what is stored."""
    row = draft.row
    old = current.get(identity(draft))
    key_id, organization_id = keys.get(draft.external_id, (None, None))
    keeps_amount = "amount" not in draft.cells and old is not None and old.mrr == draft.mrr
    return Line(
        key_id=key_id,
        organization_id=organization_id,
        external_org_id=draft.external_id,
        subscription_id=draft.subscription_id,
        product_code=row.product_code,
        name=kept_text(draft, "name", old and old.name),
        mrr=draft.mrr,
        currency=row.currency,
        start_on=row.start_on,
        end_on=kept_day(draft, "end_at", row.end_on, old and old.end_on),
        trial_end_on=kept_day(draft, "trial_end_at", row.trial_end_on, old and old.trial_end_on),
        amount=old.amount if keeps_amount else row.amount,
        interval=old.interval if keeps_amount else billed(row),
        interval_count=old.interval_count if keeps_amount else row.interval_count,
        known_from=options.known_on,
        id=old and old.id,
    )


def notice_kept_ends(drafts: list[Draft], current: dict[tuple, Line], plan: Plan) -> None:
    kept = 0
    for draft in drafts:
        old = current.get(identity(draft))
        kept += old is not None and old.end_on is not None and not {"end_at"} & (set(draft.cells) | draft.cleared)
    if kept:
        rows = "row keeps its" if kept == 1 else "rows keep their"
        plan.notices.append(f"{kept} {rows} stored end, as end_at is empty; write “none” there to remove an end.")


def notice_empty_currencies(drafts: list[Draft], options: Options, plan: Plan) -> None:
    empty = sum(draft.currency_was_empty for draft in drafts)
    plan.facts["empty_currency"] = empty
    if empty:
        plan.notices.append(f"{plural(empty, 'row')} without a currency count in {options.reporting_currency}.")


def billed(row: Row) -> str:
    return row.interval if row.amount is not None else ""


def plan_row(number: int, line: Line, current: dict[tuple, Line], options: Options, plan: Plan) -> RowPlan | None:
    old = current.get(line.identity)
    if old is not None and line.says_the_same(old):
        return RowPlan(number, UNCHANGED, label_of(line), old.id, old, line)
    if line.end_on is not None and line.end_on < line.start_on:
        reason = f"is empty, so the stored end {line.end_on} stays; it lies before the start. Give a new end, or none."
        plan.refuse(number, "end_at", "", reason)
        return None
    if old is not None and old.known_from > options.known_on:
        reason = f"changes a row known since {old.known_from}; it cannot have been known on {options.known_on} already."
        plan.refuse(number, "start_at", str(line.start_on), reason)
        return None
    kind = NEW if old is None else CHANGED
    return RowPlan(number, kind, label_of(line), old and old.id, old, line)


def label_of(line: Line) -> str:
    return f"{line.external_org_id} · {line.subscription_id or line.product_code}"


def end_missing(plan: Plan, books: list[Line], sheet: Sheet, options: Options) -> None:
    """“This file is complete”: what it does not name ends today. A file with refused rows is not complete."""
    if not options.is_complete:
        return
    if plan.refused:
        plan.notices.append("Nothing ends: rows were refused, so the file cannot be taken as complete.")
        return
    named = {row.row_id for row in plan.rows}
    for line in books:
        if line.id in named or (line.end_on is not None and line.end_on <= options.known_on):
            continue
        if line.known_from > options.known_on:
            continue
        ended = replace(line, end_on=max(line.start_on, options.known_on), known_from=options.known_on)
        plan.rows.append(RowPlan(0, CHANGED, label_of(line), line.id, line, ended))
    count = sum(row.line == 0 for row in plan.rows)
    plan.facts["ended"] = count
    plan.notices.append(f"The file is complete: {count} subscriptions that are not in it end on {options.known_on}.")


def ask_about_money(plan: Plan, books: list[Line], options: Options, unknown: list[str]) -> None:
    """MRR before and after today, lost organizations, unknown ones, currencies."""
    converter = money.read_converter(options.reporting_currency)
    before = money.balance(books, options.today, converter)
    after_lines = resulting(plan.rows, books)
    after = money.balance(after_lines, options.today, converter)
    lost = money.losing(before, after)
    names = names_of([owner for owner in list(lost)[:MOST_LISTED] if isinstance(owner, int)])
    plan.facts |= {
        "currency": options.reporting_currency,
        "mrr_before": str(before.total),
        "mrr_after": str(after.total),
        "losing_count": len(lost),
        "losing": [[names.get(owner, str(owner)), str(lost[owner])] for owner in list(lost)[:MOST_LISTED]],
        "unknown_count": len(unknown),
        "unknown": unknown[:MOST_LISTED],
        "creates_organizations": len(unknown) if options.create_missing else 0,
        "currencies": dict(Counter(row.new.currency for row in plan.rows if row.line)),
        "unconverted": after.unconverted,
    }


def resulting(rows: Iterable[RowPlan], books: list[Line]) -> list[Line]:
    """The books as they would be."""
    changed = {row.row_id: row.new for row in rows if row.row_id is not None}
    new = [row.new for row in rows if row.row_id is None]
    return [changed.get(line.id, line) for line in books] + new


def names_of(organization_ids: list[int]) -> dict[int, str]:
    return {each.pk: str(each) for each in Organization.objects.filter(id__in=organization_ids)}


def look_at_the_whole(plan: Plan, books: list[Line], options: Options) -> None:
    """Overlaps, the end convention, kept ends, empty currencies, future starts: what no single row tells."""
    lines_of = {id(row.new): row.line for row in plan.rows if row.line}
    engine = [as_engine_row(line, lines_of.get(id(line))) for line in resulting(plan.rows, books)]
    overlaps = [pair for pair in self_overlaps(engine) if pair[0].line or pair[1].line]
    for earlier, later in overlaps:
        row = later if later.line else earlier
        reason = "overlaps another subscription of the same organization and product; both are added up."
        plan.warn(row.line, "product_code", row.product_code, reason)
    plan.facts["overlaps"] = len(overlaps)
    hint = end_hint([row for row in engine if row.line])
    if options.end_convention == "exclusive" and hint.suggests_inclusive:
        plan.notices.append(end_hint_sentence(hint.one_day_apart, *hint.example))
    if plan.facts["unconverted"]:
        listed = ", ".join(sorted(plan.facts["unconverted"]))
        plan.notices.append(f"No exchange rate for {listed}: these rows are left out of the totals above.")


def end_hint_sentence(count: int, earlier: Row, later: Row) -> str:
    return (
        f"{count} rows end the day before the next one starts (“ends {earlier.end_on}, next starts {later.start_on}”): "
        "the file probably names the last day with revenue. Then choose the end convention “inclusive”."
    )


def as_engine_row(line: Line, number: int | None) -> Row:
    return Row(
        organization=line.organization_id or line.external_org_id,
        line=number,
        product_code=line.product_code,
        currency=line.currency,
        start_on=line.start_on,
        end_on=line.end_on,
        trial_end_on=line.trial_end_on,
        mrr=line.mrr,
    )
