"""What every act of a person answers when something is missing or does not fit."""


class Refused(ValueError):
    """The message says what to give; nothing was changed."""
