"""The layers hold: imports go down, never up, never sideways; apps meet only through what lies below them."""

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW = {
    "config.backoffice": {"config"},
    "orgs": {"config"},
    "tracker": {"config", "orgs"},
    "revenue": {"config", "orgs"},
    "signals": {"config", "orgs", "tracker", "revenue"},
}
APPS = set(BELOW) - {"config.backoffice"}
# Below the furniture, and above everything; whatever else lies in config/ has to be put on one of the two sides.
GROUND = {"db.py", "embedded", "janitor.py", "processes.py", "supervisor.py"}
COMPOSITION = {"__init__.py", "celery.py", "settings.py", "urls.py", "web.py", "wsgi.py"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 45
RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}
FORBIDDEN_MODULES = {"services.py", "utils.py", "helpers.py", "signals.py"}


def modules() -> list:
    return [
        pytest.param(layer, path, id=str(path.relative_to(ROOT)))
        for layer in BELOW
        for path in sorted(folder(layer).rglob("*.py"))
    ]


def folder(layer: str) -> Path:
    return ROOT.joinpath(*layer.split("."))


def imported_names(tree: ast.AST) -> set[str]:
    """Everything that a file imports, with all dots."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported(tree: ast.AST) -> set[str]:
    """Top-level packages that a file imports."""
    return {name.split(".")[0] for name in imported_names(tree)}


@pytest.mark.parametrize(("layer", "path"), modules())
def test_imports_go_down(layer: str, path: Path) -> None:
    own = layer.split(".", maxsplit=1)[0]
    upward = (imported(ast.parse(path.read_text())) & APPS) - BELOW[layer] - {own}
    assert not upward, f"{path.relative_to(ROOT)} imports {sorted(upward)}, which {layer} may not know"


@pytest.mark.parametrize(("layer", "path"), modules())
def test_no_app_is_reached_by_name(layer: str, path: Path) -> None:
    """`apps.get_model` and relation strings would hide an upward dependency from the import check."""
    if "migrations" in path.parts:
        return
    allowed = BELOW[layer] | {layer.split(".", maxsplit=1)[0]}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr == "get_model":
            pytest.fail(f"{path.relative_to(ROOT)}:{node.lineno} reaches a model by name")
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in RELATIONS:
            target = node.args[0] if node.args else None
            if isinstance(target, ast.Constant) and "." in target.value:
                assert target.value.split(".")[0] in allowed | {"auth"}, f"{path}:{node.lineno} {target.value}"


@pytest.mark.parametrize("layer", sorted(BELOW))
def test_modules_have_names_of_the_business(layer: str) -> None:
    named = {path.name for path in folder(layer).rglob("*.py")}
    assert not named & FORBIDDEN_MODULES


def test_what_lies_below_the_furniture_knows_nothing_above() -> None:
    for path in sorted(ROOT.glob("config/**/*.py")):
        if path.relative_to(ROOT / "config").parts[0] not in GROUND:
            continue
        above = {
            name
            for name in imported_names(ast.parse(path.read_text()))
            if name.split(".")[0] in APPS or name.startswith("config.backoffice")
        }
        assert not above, f"{path.relative_to(ROOT)} imports {sorted(above)}"


def test_everything_in_config_has_its_side() -> None:
    ours = {
        path.name for path in (ROOT / "config").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert ours == GROUND | COMPOSITION | {"backoffice", "formats"}


@pytest.mark.parametrize("layer", ["config", *sorted(APPS)])
def test_files_and_functions_stay_short(layer: str) -> None:
    for path in folder(layer).rglob("*.py"):
        if "migrations" in path.parts:
            continue
        text = path.read_text()
        lines = len(text.splitlines())
        assert lines <= LONGEST_FILE, f"{path.relative_to(ROOT)} has {lines} lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lines = node.end_lineno - node.lineno + 1
                assert lines <= LONGEST_FUNCTION, f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"


@pytest.mark.parametrize(
    "path", [ROOT / "tests/shots.py", *sorted(ROOT.glob("tests/bench/*.py"))], ids=lambda path: path.name
)
def test_what_no_test_runs_names_what_there_is(path: Path) -> None:
    """Benches run for minutes and by hand; a module that moved would be noticed late."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in APPS | {"config"}:
            module = importlib.import_module(node.module)
            for each in node.names:
                assert (
                    each.name == "*"
                    or hasattr(module, each.name)
                    or importlib.util.find_spec(f"{node.module}.{each.name}")
                ), each.name


def test_tests_stay_short_too() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "tests").rglob("*.py")}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}


def test_the_theme_has_one_door() -> None:
    for path in [*ROOT.glob("config/**/*.py"), *(file for app in APPS for file in folder(app).rglob("*.py"))]:
        if path.name != "site.py":
            assert "unfold" not in imported(ast.parse(path.read_text())), f"{path} imports the theme itself"
