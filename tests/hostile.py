"""Text that means something to SQL, HTML, scripts, spreadsheets, templates or file systems, and is only text here."""

from collections import Counter
from html.parser import HTMLParser

SQL = (
    "'; DROP TABLE tracker_event; --",
    "' OR '1'='1",
    '") UNION SELECT password FROM auth_user --',
    "%(p0)s %s {0} {bucket}",
    "\\'; SELECT pg_sleep(9) --",
    "$$ || (SELECT version()) || $$",
)
HTML = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "<svg/onload=alert(1)><!--",
    "&lt;b&gt;&amp;#39;",
)
SCRIPTS = ("</script><script>alert(1)</script>", "a\u2028b\u202ec", "javascript:alert(1)", '\\";alert(1);//')
FORMULAS = ('=HYPERLINK("http://evil")', "@SUM(A1:A9)", "+1+cmd|' /C calc'!A0", "-2+3", "'=1+1")
TEMPLATES = ("{{ 7*7 }}{% debug %}", "${jndi:ldap://x}", "#{7*7}<%= 7*7 %>")
PATHS = ("../../etc/passwd", "..\\..\\win.ini", "%2e%2e%2f", "file:///etc/passwd")
HOSTILE = (*SQL, *HTML, *SCRIPTS, *FORMULAS, *TEMPLATES, *PATHS)
HARMLESS = "harmless"


def as_id(text: str) -> str:
    """An organization's id in one line; separators of lines are refused in it."""
    return text.replace("\u2028", "")


class Markup(HTMLParser):
    """What a browser makes of a page: its tags with the names of their attributes, all values, all text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[tuple] = Counter()
        self.values: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag, *(name for name, _ in attrs)] += 1
        self.values += [value for _, value in attrs if value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)
