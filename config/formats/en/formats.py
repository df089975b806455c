"""How days and times read on the lists that the admin renders by itself; the pages of our own say the same."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
