"""How days and times read on the lists that the admin renders by itself; the pages of our own say the same."""

DATE_FORMAT = "d M Y"
DATETIME_FORMAT = "d M Y, H:i"
