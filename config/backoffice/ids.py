"""Numbers that name a row, as they come from outside: in addresses, forms, cursors and documents."""


def read_id(text: str | None) -> int | None:
    """The whole number that an id column can hold; None for anything else, Unicode's other digits too."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
