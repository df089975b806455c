"""A file as people have it, turned into rows with their physical line numbers; or one sentence why not. Pure."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

from config.backoffice.exports import MARK, plain
from config.backoffice.uploads import MOST_BYTES
from orgs.importing import decoding, workbooks
from orgs.importing.decoding import FileRefused, Text
from orgs.importing.workbooks import Table
from orgs.properties import MOST_PROPERTIES

MOST_ROWS = 200_000
LONGEST_CELL = 100_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# What spreadsheets leave around a header without anybody seeing it: no-break and zero-width spaces, a second BOM.
# A line break inside a quoted cell stays: whoever reads the cell refuses it, as it is a sign of a misplaced quote.
TRIMMED = " \t\u00a0\u202f\u3000"
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00a0\u202f"
PROPERTY = "prop:"
LONGEST_PROPERTY = len(PROPERTY) + 200
SEPARATOR_LINE = re.compile(r"sep=(.)")
WALL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?", re.ASCII)


class SourceRow(NamedTuple):
    """One record: the physical line it begins on (the header is line 1) and its cells, outer white space removed."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class ShapeError:
    """A record that does not fit the header."""

    line: int
    cells: list[str]
    message: str


@dataclass(frozen=True)
class Columns:
    """What an import looks for in a header. `required` holds alternatives: one of each tuple must be there."""

    required: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    takes_properties: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(name for names in self.required for name in names) + self.optional

    def takes(self, name: str) -> bool:
        return name in self.known or (self.takes_properties and name.startswith(PROPERTY) and name != PROPERTY)


@dataclass(frozen=True)
class Header:
    """The header in our words. `source` has the file's own; `utc` are places whose moments are UTC by their name."""

    columns: tuple[str, ...]
    source: tuple[str, ...]
    notices: list[str]
    utc: frozenset[int] = frozenset()
    currency: str = ""

    @property
    def width(self) -> int:
        """How many cells a row of the file has."""
        return len(self.columns) - bool(self.currency)


@dataclass(frozen=True, slots=True)
class Source:
    """The records of a file, parsed anew at every pass. `skipped` lines stand above them."""

    text: Text
    delimiter: str
    skipped: int = 0

    @property
    def notice(self) -> str:
        """Says when the encoding is a guess."""
        return decoding.notice(self.text) if self.text.encoding == "cp1252" else ""

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """(line it begins on, cells) a record. A misplaced or unclosed quote refuses the file: it swallows rows."""
        csv.field_size_limit(LONGEST_CELL)
        lines = islice(self.text.lines(), self.skipped, None)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        begins = 1 + self.skipped
        try:
            for cells in reader:
                yield begins, cells
                begins = 1 + self.skipped + reader.line_num
        except csv.Error as error:
            remedy = "Correct this line and try again."
            raise FileRefused(f"Line {begins}: {quote_trouble(str(error))}", remedy) from error


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that fit the header, read anew at every pass: 200 000 of them would fill the memory of a worker."""

    source: Source | Table
    header: Header
    header_line: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[SourceRow]:
        names, utc = self.header.columns, self.header.utc
        constant = [self.header.currency] if self.header.currency else []
        for line, cells, fits in shaped(self.source, self.header, self.header_line):
            if not fits:
                continue
            for place in utc:
                if WALL_TIME.fullmatch(cells[place]):
                    cells[place] += "Z"
            plain_cells = [plain(cell) if cell[:1] == MARK else cell for cell in cells]
            yield SourceRow(line, dict(zip(names, plain_cells + constant, strict=True)))


@dataclass(frozen=True)
class Sheet:
    """A readable file. `notices` are sentences about how it was understood."""

    columns: tuple[str, ...]
    rows: Rows
    misfits: list[ShapeError]
    delimiter: str
    notices: list[str]
    source: tuple[str, ...] = ()


def read(content: bytes, columns: Columns, mapping: Mapping[str, str] | None = None) -> Sheet:
    """Read a whole file; `mapping` names columns that are called differently (theirs to ours, the first one found).

    Raises FileRefused when it is no CSV, cannot be decoded or lacks a column.
    """
    mapping = mapping or {}
    if len(content) > MOST_BYTES:
        raise FileRefused("The file is too large; at most 50 MB are allowed.", "Split it into several files.")
    if workbooks.is_workbook(content):
        return read_records(workbooks.read_table(content, MOST_ROWS), columns, mapping)
    text = decoding.decode(content)
    first = first_line(text)
    refuse_other_formats(first)
    hint = SEPARATOR_LINE.fullmatch(first)
    delimiter = hint.group(1) if hint else find_delimiter(first, columns, mapping)
    return read_records(Source(text, delimiter, 1 if hint else 0), columns, mapping)


def read_records(source: Source | Table, columns: Columns, mapping: Mapping[str, str]) -> Sheet:
    """The sheet of any source of records."""
    header_line, raw_header = next((each for each in source.records() if any(map(tidy, each[1]))), (1, []))
    header = read_header(raw_header, columns, mapping)
    rows, misfits, blank = check_rows(source, header, header_line)
    notices = [*header.notices, source.notice] if source.notice else header.notices
    if source.delimiter != ",":
        notices.append(f"Columns are separated by {DELIMITERS.get(source.delimiter, source.delimiter)}s.")
    if header_line > 1:
        notices.append(f"The header is line {header_line}.")
    if blank:
        notices.append(f"{blank} blank {'row was' if blank == 1 else 'rows were'} skipped.")
    return Sheet(header.columns, rows, misfits, source.delimiter, notices, header.source)


def first_line(text: Text) -> str:
    """The first line with something in it, without marks and white space around it."""
    return next(stripped for line in text.lines() if (stripped := line.strip("\ufeff \r\n")))


def refuse_other_formats(first: str) -> None:
    start = first.lstrip().lower()
    if start.startswith("<"):
        raise FileRefused("This is a web page or XML, not CSV.", "Export the table as CSV.")
    if start.startswith(("{", "[")):
        raise FileRefused("This is JSON, not CSV.", "Export the table as CSV.")


def find_delimiter(first: str, columns: Columns, mapping: Mapping[str, str]) -> str:
    """The separator under which the first line shows the most known columns; then the most columns at all."""

    def score(delimiter: str) -> tuple[int, int]:
        names = [tidy(cell.strip('"')) for cell in first.split(delimiter)]
        return sum(name in mapping or columns.takes(name.lower()) for name in names), len(names)

    return max(DELIMITERS, key=score)


def quote_trouble(reason: str) -> str:
    if "end of data" in reason:
        return "a quote opens here and is never closed."
    if "field larger" in reason:
        return f"a cell has over {LONGEST_CELL} characters; most often a quote opens here and is not closed."
    if "expected after" in reason:
        return 'a quoted cell goes on after its closing quote. A quote inside a quoted cell is written twice ("").'
    return f"the line cannot be read ({reason})."


def tidy(cell: str) -> str:
    return cell.strip().strip(INVISIBLE).strip()


def read_header(cells: list[str], columns: Columns, mapping: Mapping[str, str]) -> Header:
    source = [tidy(cell) for cell in cells]
    while source and not source[-1]:
        source.pop()
    meant: dict[str, str] = {}
    for theirs, ours in mapping.items():
        if theirs in source:
            meant.setdefault(ours, theirs)
    taken_for = {theirs: ours for ours, theirs in meant.items()}
    names = [taken_for.get(name, name) for name in source]
    header = tuple(fold(name, columns) for name in names)
    notices = []
    taken = [f"{theirs} → {ours}" for theirs, ours in zip(source, header, strict=True) if theirs in taken_for]
    if taken:
        notices.append(f"Columns of the file and what they are taken for: {', '.join(map(shorten, taken))}.")
    currency = currency_of(source, mapping) if "currency" in columns.known and "currency" not in header else ""
    if currency:
        header += ("currency",)
        notices.append(f"No column names the currency; all rows are taken as {currency}, from the name of a column.")
    refuse_duplicates(header, source)
    refuse_missing(header, columns, source)
    if columns.takes_properties:
        refuse_properties([name for name in header if name.startswith(PROPERTY)])
    ignored = [name or f"column {i}" for i, name in enumerate(header, 1) if not columns.takes(name)]
    if ignored:
        notices.append(f"Ignored {'column' if len(ignored) == 1 else 'columns'}: {', '.join(map(shorten, ignored))}.")
    odd = [f"{cell!r}" for cell in cells if cell.strip(" \t\r\n") != tidy(cell)]
    if odd:
        notices.append(f"Invisible characters around a column name were removed: {', '.join(map(ascii_name, odd))}.")
    utc = frozenset(i for i, name in enumerate(source) if name in taken_for and name.endswith("(UTC)"))
    return Header(header, tuple(source), notices, utc, currency)


def currency_of(source: Collection[str], mapping: Mapping[str, str]) -> str:
    """EUR of a mapped column “MRR (EUR)”."""
    found = {match[1] for name in source if name in mapping and (match := re.search(r"\(([A-Z]{3})\)$", name))}
    found.discard("UTC")
    return found.pop() if len(found) == 1 else ""


def fold(name: str, columns: Columns) -> str:
    """A known column's own spelling, a property's without white space around its name; others stay as they are."""
    if name.lower() in columns.known:
        return name.lower()
    prefix, name_of_property = name[: len(PROPERTY)], name[len(PROPERTY) :]
    return PROPERTY + tidy(name_of_property) if prefix.lower() == PROPERTY else name


def refuse_properties(names: Collection[str]) -> None:
    """Names that would be kept with every organization. Raises FileRefused."""
    odd = [name for name in names if len(name) > LONGEST_PROPERTY or not name.isprintable()]
    if odd:
        raise FileRefused(
            f"The column name {shorten(ascii_name(odd[0]))} is no name of a property.",
            f"Use one line of at most {LONGEST_PROPERTY - len(PROPERTY)} characters.",
        )
    if len(names) > MOST_PROPERTIES:
        raise FileRefused(
            f"The file has {len(names)} columns of properties; an organization keeps {MOST_PROPERTIES}.",
            "Leave out those that nobody needs.",
        )


def refuse_duplicates(header: Collection[str], source: Collection[str] = ()) -> None:
    twice = [name for name, count in Counter(name for name in header if name).items() if count > 1]
    if twice:
        raise FileRefused(
            f"Duplicate column: {', '.join(map(shorten, twice))} stands twice in the header.",
            "Keep one of them.",
            tuple(dict.fromkeys(name for name in source if name)) if len(set(source)) == len(source) else (),
        )


def refuse_missing(header: tuple[str, ...], columns: Columns, source: Collection[str] = ()) -> None:
    missing = [names for names in columns.required if not set(names) & set(header)]
    if not missing:
        return
    spare = [name for name in header if not columns.takes(name)]
    parts = [describe_missing(names, spare) for names in missing]
    found = ", ".join(shorten(name) for name in header[:12]) or "nothing"
    raise FileRefused(
        f"{' '.join(parts)} The first line holds: {found}.",
        f"The first line must name the columns: {', '.join(names[0] for names in columns.required)}.",
        tuple(name for name in source if name),
    )


def describe_missing(names: tuple[str, ...], spare: list[str]) -> str:
    known = {normal(name): name for name in spare}
    near = get_close_matches(normal(names[0]), known, n=1, cutoff=0.5)
    hint = f" “{shorten(known[near[0]])}” comes nearest; rename it." if near else ""
    return f"The column {' or '.join(names)} is missing.{hint}"


def normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def check_rows(source: Source | Table, header: Header, header_line: int) -> tuple[Rows, list[ShapeError], int]:
    """One pass over the whole file: what does not fit the header, and how many rows do. Raises FileRefused."""
    misfits: list[ShapeError] = []
    blank = count = 0
    for line, cells, fits in shaped(source, header, header_line):
        if not cells:
            blank += 1
        elif not fits:
            misfits.append(ShapeError(line, cells, misfit(cells, header)))
        else:
            count += 1
        if count + len(misfits) > MOST_ROWS:
            raise FileRefused(f"The file has more than {MOST_ROWS} rows.", "Split it into several files.")
    return Rows(source, header, header_line, count), misfits, blank


def shaped(source: Source | Table, header: Header, header_line: int) -> Iterator[tuple[int, list[str], bool]]:
    """Line, cells and whether they fit the header, a record below it; a blank one has no cells.

    The header again does not fit: two files were joined.
    """
    width, again = header.width, list(header.source)
    for line, raw in source.records():
        if line <= header_line:
            continue
        cells = [cell.strip(TRIMMED) for cell in raw]
        if not any(cells):
            yield line, [], False
            continue
        while len(cells) > width and not cells[-1]:
            cells.pop()
        yield line, cells, len(cells) == width and cells != again


def misfit(cells: list[str], header: Header) -> str:
    found, width = len(cells), header.width
    if found == width:
        return "The row is the header again. Delete the line; two files seem to have been joined."
    reason = f"The row has {found} columns, the header {width}."
    if found > width:
        return f"{reason} Put a cell that contains the separator into quotes."
    return f"{reason} Use the same separator in every row and leave unused cells empty."


def shorten(text: str, length: int = 60) -> str:
    """For messages: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def ascii_name(text: str) -> str:
    return ascii(text)[1:-1].replace("\\\\", "\\")
