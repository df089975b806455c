"""docs/events.md says what the code does."""

import ast
import re
from pathlib import Path

from django.conf import settings

from tracker import bodies, fields
from tracker.client_snippets import client_snippets
from tracker.decoders.said import JUNK
from tracker.rejects import REMEDIES

ROOT = Path(settings.BASE_DIR)
DOC = (ROOT / "docs" / "events.md").read_text()
# The call's argument that holds the code.
TELLS = {"BadEvent": 0, "BadBody": 0, "UnknownEncoding": 0, "Refusal": 0, "Warned": 0, "Refused": 1, "error_body": 0}


# The doors of the read API; its errors stand in the API's own description.
READING = {"events.py", "insights.py"}


def codes_in_the_code() -> set[str]:
    found = set(REMEDIES)
    doors = [path for path in ROOT.glob("tracker/**/*.py") if path.parent.name != "api" or path.name not in READING]
    for path in [*doors, ROOT / "config" / "backoffice" / "failures.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                place = TELLS.get(name)
                if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    found.add(node.args[place].value)
    return found


def test_every_code_is_there():
    written = set(re.findall(r"^\| `([a-z_]+)` \|", DOC, re.MULTILINE))
    codes = codes_in_the_code()
    assert len(codes) > 25
    assert codes - written == set()


def test_every_code_has_its_remedy():
    assert codes_in_the_code() - set(REMEDIES) == {"bad_request"}
    for code, remedy in REMEDIES.items():
        assert re.search(rf"^\| `{code}` \|.* {re.escape(remedy)} \|$", DOC, re.MULTILINE), code


def test_every_client_is_there():
    for snippet in client_snippets(host="https://backoffice.example.com"):
        assert snippet.text in DOC, snippet.language


def test_the_limits():
    assert f"| one event | {bodies.MOST_BYTES_OF_EVENT // 1024} KiB |" in DOC
    assert f"{bodies.MOST_BYTES_OF_BATCH // 1024**2} MiB and {bodies.MOST_EVENTS_OF_BATCH:,}".replace(",", " ") in DOC
    assert f"{fields.DEEPEST} levels" in DOC
    assert f"at most {fields.MOST_PROPERTIES} keys" in DOC


def test_the_placeholders():
    listed = DOC.split("never an organization:")[1].split("in capitals")[0].lower()
    assert [junk for junk in JUNK if junk not in listed] == []
