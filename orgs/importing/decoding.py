"""The bytes of an upload as text, decoded piece by piece, or one sentence why they are none. Pure."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

PIECE = 1 << 20
BOM = codecs.BOM_UTF8
# Of other formats the first bytes, longest first where one begins like another.
FORMATS = (
    (b"PK\x03\x04", "an Excel workbook or another archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls) or another Office file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"7z\xbc\xaf", "an archive (7z)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "a database"),
    (b"PAR1", "a Parquet file"),
)
CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


class FileRefused(Exception):
    """The whole file cannot be used: what is wrong, and what to do about it."""

    def __init__(self, message: str, remedy: str, header: tuple[str, ...] = ()) -> None:
        """With a `header` the file is readable and its columns could be mapped."""
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy
        self.header = header


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is decoded anew at every pass, so that a large file is never held a second time."""

    content: bytes
    encoding: str
    start: int = 0

    def lines(self) -> Iterator[str]:
        """Lines with their ends, whatever the file ends a line with."""
        stream = io.BytesIO(self.content)
        stream.seek(self.start)
        return io.TextIOWrapper(stream, encoding=self.encoding, newline="")


def decode(content: bytes) -> Text:
    """UTF-8, UTF-16 with its mark, else Windows-1252. Raises FileRefused."""
    refuse_other_formats(content)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16-le" if content.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
        text = Text(content, encoding, 2)
    else:
        refuse_nuls(content)
        text = Text(content, *narrow(content))
    check(text)
    if not any(line.strip("\ufeff \t\r\n") for line in text.lines()):
        raise FileRefused("The file is empty.", "Export it again; the first line names the columns.")
    return text


def refuse_other_formats(content: bytes) -> None:
    for mark, name in FORMATS:
        if content.startswith(mark):
            raise FileRefused(f"This is {name}, not CSV.", "Save the sheet as “CSV UTF-8” and upload that.")
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefused("The file is UTF-32, which is not read here.", "Save it as CSV in UTF-8.")


def refuse_nuls(content: bytes) -> None:
    """NUL bytes between the letters are UTF-16 without its mark, or no text at all; behind them a torn copy."""
    if b"\x00" not in content:
        # One in a cell refuses its row; this many are no table.
        if len(CONTROL.findall(content[:4096])) > 8 + len(content[:4096]) // 100:
            raise FileRefused("This is no text: it holds control characters.", "Export the table as CSV in UTF-8.")
        return
    if b"\x00" not in content.rstrip(b"\x00"):
        raise FileRefused("The file ends in NUL bytes: it was cut off while being copied.", "Export or copy it again.")
    first = content[:200]
    if max(first[0::2].count(0), first[1::2].count(0)) > len(first) // 3:
        raise FileRefused(
            "The encoding cannot be told: it looks like UTF-16 without the mark (BOM) that says so.",
            "Save it as UTF-8.",
        )
    raise FileRefused("The encoding cannot be told: there are NUL bytes between the letters.", "Save it as UTF-8.")


def narrow(content: bytes) -> tuple[str, int]:
    """Encoding of a file of single bytes and where its text starts. A file that is UTF-8 up to a break is UTF-8."""
    start = 0
    while content.startswith(BOM, start):
        start += len(BOM)
    if content.isascii():
        return "utf-8", start
    broken = first_error(Text(content, "utf-8", start))
    if broken is None:
        return "utf-8", start
    if start or not content[:broken].isascii():
        line = line_of(content, broken)
        raise FileRefused(
            f"The encoding cannot be told: line {line} holds bytes that are not UTF-8, as the lines above are.",
            "Export it again as CSV in UTF-8.",
        )
    return "cp1252", 0


def check(text: Text) -> None:
    if text.encoding == "utf-8":
        return
    broken = first_error(text)
    if broken is not None:
        name = "UTF-16, as its mark says" if text.encoding.startswith("utf-16") else "UTF-8 nor Windows-1252"
        verb = "not" if text.encoding.startswith("utf-16") else "neither"
        line = line_of(text.content, broken)
        raise FileRefused(f"The encoding cannot be told: line {line} is {verb} {name}.", "Save it as UTF-8.")
    if text.encoding.startswith("utf-16") and any("\x00" in line for line in text.lines()):
        raise FileRefused("The file contains NUL characters.", "Export it again as CSV in UTF-8.")


def first_error(text: Text) -> int | None:
    """Where the first byte stands that does not fit the encoding; None when all do."""
    decoder = codecs.getincrementaldecoder(text.encoding)()
    try:
        for at in range(text.start, len(text.content), PIECE):
            decoder.decode(text.content[at : at + PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        # The decoder counts from what it had kept; only a whole pass knows the place.
        try:
            text.content[text.start :].decode(text.encoding)
        except UnicodeDecodeError as error:
            return text.start + error.start
    return None


def line_of(content: bytes, place: int) -> int:
    return max(content.count(b"\n", 0, place), content.count(b"\r", 0, place)) + 1


def notice(text: Text) -> str:
    """Shows a piece of Windows-1252 that would look wrong if the encoding was guessed wrongly."""
    found = re.search(rb"[\x80-\xff]", text.content)
    piece = text.content[max(0, found.start() - 15) : found.end() + 15].decode("cp1252") if found else ""
    shown = f" Check that this reads well: “{' / '.join(piece.splitlines())}”." if piece else ""
    return f"The file is not UTF-8; it was read as Windows-1252.{shown}"
