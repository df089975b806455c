"""What every act of a person answers when something is missing or does not fit."""


class Refused(ValueError):
    """The message says what to give; nothing was changed."""


def plain(text: str) -> str:
    """What somebody typed, without blanks around it and without the one character that PostgreSQL can't keep."""
    return text.replace("\0", "").strip()


def checked(text: str, longest: int, *, what: str, missing: str = "") -> str:
    """The text as it is stored. Refused when it is too long, or empty where `missing` says what belongs there."""
    kept = plain(text)
    if missing and not kept:
        raise Refused(missing)
    if len(kept) > longest:
        raise Refused(f"{what} has {len(kept)} characters; say it in {longest}.")
    return kept
